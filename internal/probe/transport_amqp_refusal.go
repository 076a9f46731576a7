package probe

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/tpm"
)

// amqpRefusalError is an AMQP error that the peer sent.
type amqpRefusalError struct {
	what  string // "OPEN refused", "link closed", "request rejected"
	cause *amqp.Error
}

// Error describes the refusal in one line.
func (r *amqpRefusalError) Error() string {
	return r.what + " with " + describeCondition(string(r.cause.Condition), r.body())
}

// body returns the description, in which the service sends the body of an HTTP refusal
// (azure-iot-sdk-csharp
// provisioning/transport/amqp/src/ProvisioningTransportHandlerAmqp.cs).
func (r *amqpRefusalError) body() dps.Body { return dps.ParseBody([]byte(r.cause.Description)) }

// without returns the refusal with the secrets removed from its description.
func (r *amqpRefusalError) without(redact *redactor) *amqpRefusalError {
	cause := *r.cause
	cause.Description = redact.Scrub(cause.Description)
	return &amqpRefusalError{r.what, &cause}
}

// info returns the refusal's info map.
func (r *amqpRefusalError) info() map[string]any {
	info := make(map[string]any, len(r.cause.Info))
	for _, pair := range r.cause.Info {
		info[fmt.Sprint(pair.Key)] = pair.Value
	}
	return info
}

// retryAfter returns the Retry-After of the info.
func (r *amqpRefusalError) retryAfter() *RetryAfter { return amqpRetryAfter(r.info()) }

// amqpRetryAfter finds the requested pause in the application properties of an answer or
// the info of a refusal.
func amqpRetryAfter(properties map[string]any) *RetryAfter {
	for name, value := range properties {
		if strings.EqualFold(name, dps.AMQPRetryAfter) && value != nil {
			return ParseRetryAfter(fmt.Sprint(value), time.Now())
		}
	}
	return nil
}

// describeCondition describes an error condition with its description.
func describeCondition(condition string, b dps.Body) string {
	switch {
	case b.Error != nil:
		return fmt.Sprintf("%s: %d %s", condition, b.Error.ErrorCode, b.Error.Message)
	case b.Hub != nil:
		return condition + ": " + b.Hub.Message
	case b.Excerpt != "":
		return condition + ": " + b.Excerpt
	}
	return condition
}

// endedBy returns the error for a peer's CLOSE, END or DETACH: a refusal if it gives a
// reason.
func endedBy(what string, reason *amqp.Error) error {
	if reason == nil {
		return &amqpEndError{what}
	}
	return &amqpRefusalError{what + " closed", reason}
}

// amqpEndError is an end for which the peer gave no reason.
type amqpEndError struct{ what string }

func (e *amqpEndError) Error() string { return "the peer closed the " + e.what + " without a reason" }

// Is matches io.EOF: the stream has ended.
func (e *amqpEndError) Is(target error) bool { return target == io.EOF }

// openRefused returns the error for an OPEN with the property AMQPOpenError.
func openRefused(value any) error {
	reason, err := amqp.ParseError(value)
	if err != nil {
		return malformedAMQP(err)
	}
	return &amqpRefusalError{"OPEN refused", reason}
}

// refusedDelivery returns the error in the delivery state of a request, or nil if there is
// none.
func refusedDelivery(state amqp.DeliveryState) error {
	switch state := state.(type) {
	case *amqp.Rejected:
		if state.Error != nil {
			return &amqpRefusalError{"request rejected", state.Error}
		}
		return errors.New("the peer rejected the request without a reason")
	case *amqp.Released:
		return errors.New("the peer released the request unprocessed")
	case *amqp.Modified:
		return errors.New("the peer returned the request modified")
	}
	return nil
}

// errTooLarge is the error for an answer of more than MaxBody bytes.
var errTooLarge = fmt.Errorf("the peer sent a message of more than %d bytes", MaxBody)

// amqpStatus returns the HTTP status that corresponds to a refusal: that of the six-digit
// code in its body, which the C# SDK computes in the same way, or else that of its
// condition. It returns 0 if neither is known.
func amqpStatus(condition string, body dps.Body) int {
	if body.Error != nil {
		if status := body.Error.ErrorCode / 1000; status >= 100 && status < 600 {
			return status
		}
	}
	return conditionStatus(condition)
}

// conditionStatus maps the error conditions that a service sends to the HTTP status with
// the same meaning. They come from "OASIS AMQP Version 1.0", part 2, section 2.8, and from
// azure-iot-sdk-node common/transport/amqp/src/amqp_common_errors.ts. That SDK maps HTTP
// statuses to the same error classes (device/transport/http/src/http_errors.ts).
func conditionStatus(condition string) int {
	switch condition {
	case "amqp:invalid-field", "com.microsoft:argument-error", "com.microsoft:argument-out-of-range":
		return http.StatusBadRequest
	case "amqp:unauthorized-access":
		return http.StatusUnauthorized
	case "com.microsoft:iot-hub-suspended", "com.microsoft:quota-exceeded":
		return http.StatusForbidden
	case "amqp:not-found", "amqp:resource-deleted", "com.microsoft:iot-hub-not-found-error":
		return http.StatusNotFound
	case "com.microsoft:device-already-exists":
		return http.StatusConflict
	case "amqp:precondition-failed", "com.microsoft:precondition-failed", "com.microsoft:message-lock-lost":
		return http.StatusPreconditionFailed
	case "amqp:link:message-size-exceeded":
		return http.StatusRequestEntityTooLarge
	case "com.microsoft:device-container-throttled", "amqp:resource-limit-exceeded":
		return http.StatusTooManyRequests
	case "amqp:internal-error":
		return http.StatusInternalServerError
	case "com.microsoft:timeout", "amqp:link:detach-forced", "amqp:connection:forced":
		return http.StatusServiceUnavailable
	}
	return 0
}

// failAMQP records why a session could not be opened.
func (o *Opening) failAMQP(err error, redact *redactor) {
	if refusal, ok := errors.AsType[*amqpRefusalError](err); ok {
		refusal = refusal.without(redact)
		o.Condition, o.Body, o.RetryAfter = string(refusal.cause.Condition), refusal.body(), refusal.retryAfter()
		o.Refusal = refusal.Error()
		return
	}
	if outcome, ok := errors.AsType[*amqp.RefusedError](err); ok {
		o.Status, o.Refusal = int(outcome.Code), fmt.Sprintf("SASL outcome %d: %s", outcome.Code, outcome.Code)
		return
	}
	if failure, ok := errors.AsType[*tpm.Error](err); ok {
		o.TPM, o.Refusal = failure, failure.Error()
		return
	}
	_, otherProtocol := errors.AsType[*amqp.ProtocolError](err)
	if otherProtocol || errors.Is(err, amqp.ErrNotOffered) {
		o.Refusal = err.Error()
		return
	}
	o.Failure = netfail.Classify(malformedAMQP(err))
}

// HTTPStatus returns the HTTP status that corresponds to a refusal, or 0 if none does.
func (o *Opening) HTTPStatus() int {
	switch {
	case o.Layer == LayerHTTP || o.Layer == LayerWebSocket:
		return o.Status
	case o.Layer == LayerSASL && o.Status == int(amqp.SASLSysTemp):
		return http.StatusServiceUnavailable
	}
	return amqpStatus(o.Condition, o.Body)
}

// failAMQP records why no answer came.
func (a *Answer) failAMQP(err error, redact *redactor) {
	if refusal, ok := errors.AsType[*amqpRefusalError](err); ok {
		refusal = refusal.without(redact)
		a.Condition, a.Body, a.RetryAfter = string(refusal.cause.Condition), refusal.body(), refusal.retryAfter()
		a.Status = amqpStatus(a.Condition, a.Body)
		return
	}
	if errors.Is(err, errTooLarge) {
		a.Status, a.TooLarge = http.StatusOK, true
		return
	}
	a.Failure = netfail.Classify(malformedAMQP(err))
}
