package probe

import (
	"context"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// mechanismPlain is the SASL mechanism for every token (RFC 4616).
const mechanismPlain = "PLAIN"

// saslLogin returns how an identity authenticates. ok is false for a certificate, with
// which every SDK skips SASL. ctx limits the work of a TPM, and *answered is set when the TPM
// has answered the challenge.
func saslLogin(ctx context.Context, target Target, id Identity, redact *redactor, answered *bool) (login amqp.SASLLogin, ok bool) {
	switch {
	case id.TPM != nil:
		return tpmLogin(ctx, target, id.TPM, redact, answered), true
	case !id.Token.IsZero():
		user := dps.Resource(target.Scope, target.RegistrationID)
		return amqp.SASLLogin{Mechanism: mechanismPlain, Initial: amqp.PlainResponse(user, id.Token.Reveal())}, true
	}
	return amqp.SASLLogin{}, false
}

// tpmLogin sends the TPM's public keys, and then a token in answer to the service's
// challenge.
func tpmLogin(ctx context.Context, target Target, proof TPMProof, redact *redactor, answered *bool) amqp.SASLLogin {
	keys := proof.Keys()
	var blob amqp.TPMBlob
	return amqp.SASLLogin{
		Mechanism: amqp.MechanismTPM,
		Initial:   amqp.TPMInitialResponse(target.Scope, target.RegistrationID, keys.EndorsementKey),
		Hostname:  dps.Resource(target.Scope, target.RegistrationID),
		Answer: func(challenge []byte) (amqp.Credential, error) {
			if amqp.IsTPMKeyRequest(challenge) {
				return amqp.TPMResponse(keys.StorageRootKey), nil
			}
			last, err := blob.Add(challenge)
			if err != nil {
				return nil, &netfail.ProtocolError{Text: err.Error()}
			}
			if !last {
				return amqp.TPMResponse(nil), nil
			}
			token, err := proof.Activate(ctx, blob.Bytes())
			if err != nil {
				return nil, err
			}
			redact.Add(token)
			*answered = true
			return amqp.TPMResponse([]byte(token.Reveal())), nil
		},
	}
}
