package emulator

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
)

// loginTimeout is the time limit of a SASL exchange. The Java SDK waits up to a minute for
// the token of a device (azure-iot-sdk-java provisioning-device-client:
// AmqpsProvisioningSaslHandler.java).
const loginTimeout = 75 * time.Second

// mechanisms are the offered mechanisms, in this order. Which ones the service offers is
// assumed.
func (a *amqpConversation) mechanisms() []amqp.SASLMechanism {
	return []amqp.SASLMechanism{
		{Name: "PLAIN", Verify: a.plain},
		{Name: amqp.MechanismTPM, Verify: a.tpm},
		{Name: "EXTERNAL", Verify: a.external},
	}
}

// login serves a SASL exchange after its protocol header.
func (a *amqpConversation) login(ctx context.Context) error {
	if err := a.expect(loginTimeout); err != nil {
		return err
	}
	err := amqp.ServerSASL(ctx, a, a.mechanisms(), amqpLimits())
	if refused := new(amqp.RefusedError); errors.As(err, &refused) {
		return errors.Join(err, errEnd)
	}
	if err != nil {
		return err
	}
	return a.expect(a.patience)
}

// plain accepts the id scope and the registration id as the user and a token as the
// password (azure-iot-sdk-node provisioning/transport/amqp/src/amqp.ts).
func (a *amqpConversation) plain(x *amqp.SASLExchange) (amqp.SASLCode, error) {
	user, password, ok := amqp.ParsePlain(x.Init.InitialResponse)
	if !ok {
		return a.refuse(badToken("the response of the mechanism PLAIN is malformed"))
	}
	if a.claim.scope, a.claim.registrationID, ok = parseAddress(user); !ok {
		return a.refuse(badToken("the user is not of the form {idScope}/registrations/{registrationId}"))
	}
	a.claim.credential.token = dps.NewSecret(password)
	return a.judge()
}

// external accepts the certificate of the TLS handshake. No SDK uses it; X.509 clients skip
// SASL.
func (a *amqpConversation) external(*amqp.SASLExchange) (amqp.SASLCode, error) { return a.judge() }

// judge returns the outcome for the claim.
func (a *amqpConversation) judge() (amqp.SASLCode, error) {
	a.proven = true
	return a.refuse(a.service.prove(a.claim))
}

// refuse returns the outcome for a refusal, which may be nil.
func (a *amqpConversation) refuse(refused *refusal) (amqp.SASLCode, error) {
	if refused == nil {
		return amqp.SASLOK, nil
	}
	if refused.delivery.manner == cut {
		return 0, errCut
	}
	code := saslCode(refused)
	if code == amqp.SASLOK {
		a.refused = refused
	} else {
		a.tell("SASL outcome "+code.String(), refused)
	}
	return code, nil
}

// saslCode returns the outcome of a refusal, or SASLOK if the answer to OPEN contains the
// refusal. All of it is assumed: clients handle these outcomes, but no trace of the service
// has one. A refused TPM gets 404201 (azure-iot-sdk-csharp e2e/test/provisioning/
// ProvisioningE2ETests.cs), which an outcome cannot contain, so it is in the answer to
// OPEN. A refused id scope, for which there are no reports, is amqp:not-found at the point
// where the scope is first known: after SASL in the answer to OPEN, without SASL in a CLOSE
// after ATTACH.
func saslCode(refused *refusal) amqp.SASLCode {
	switch refused.reason {
	case reasonToken, reasonEnrollment:
		return amqp.SASLAuth
	case reasonFault:
		return saslOfFault(refused.status)
	}
	return amqp.SASLOK
}

func saslOfFault(status int) amqp.SASLCode {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return amqp.SASLAuth
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return amqp.SASLSysTemp
	}
	return amqp.SASLOK
}

// parseAddress parses {idScope}/registrations/{registrationId}, as the Node and C# SDKs
// write it, with a slash before it as the Java SDK, or as the path of a URL of the scheme
// amqps as the C SDK.
func parseAddress(address string) (scope, registrationID string, ok bool) {
	if located, isURL := strings.CutPrefix(address, "amqps://"); isURL {
		_, address, _ = strings.Cut(located, "/")
	}
	parts := strings.Split(strings.TrimPrefix(address, "/"), "/")
	if len(parts) != 3 || parts[0] == "" || parts[1] != "registrations" || parts[2] == "" {
		return "", "", false
	}
	return parts[0], parts[2], true
}
