package emulator

import (
	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
)

// tpm serves the mechanism TPM: the client sends its keys, gets a challenge in two segments
// and answers the last one with a token (azure-iot-sdk-node
// provisioning/transport/amqp/src/sasl_tpm.ts, azure-iot-sdk-java
// provisioning-device-client: AmqpsProvisioningSaslHandler.java).
func (a *amqpConversation) tpm(x *amqp.SASLExchange) (amqp.SASLCode, error) {
	keys := &dps.TPMKeys{}
	var ok bool
	a.claim.scope, a.claim.registrationID, keys.EndorsementKey, ok = amqp.ParseTPMInitialResponse(x.Init.InitialResponse)
	if !ok {
		return a.refuse(badToken("the initial response of the mechanism TPM is malformed"))
	}
	srk, err := x.Challenge(amqp.TPMKeyRequest())
	if err != nil {
		return 0, err
	}
	if keys.StorageRootKey, ok = amqp.ParseTPMResponse(srk); !ok {
		return a.refuse(badToken("the response with the storage root key is malformed"))
	}
	a.claim.credential = credential{tpm: keys}
	refused := a.service.prove(a.claim)
	if refused == nil || refused.challenge == nil {
		a.proven = true
		return a.refuse(refused)
	}
	token, err := activate(x, refused.challenge.AuthenticationKey)
	if err != nil {
		return 0, err
	}
	a.claim.credential = credential{token: token}
	return a.judge()
}

// activate sends an activation blob and returns the token that the client makes with it, or
// whatever the client sends instead.
func activate(x *amqp.SASLExchange, blob []byte) (dps.Secret, error) {
	var response amqp.Credential
	for _, segment := range amqp.SplitTPMBlob(blob) {
		var err error
		if response, err = x.Challenge(segment); err != nil {
			return dps.Secret{}, err
		}
	}
	token, _ := amqp.ParseTPMResponse(response)
	return dps.NewSecret(string(token)), nil
}
