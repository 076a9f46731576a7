package emulator

import (
	"net/http"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
)

// Error conditions of the standard (part 2, sections 2.8.15 to 2.8.18) and, with com.microsoft,
// of the service (azure-iot-sdk-node common/transport/amqp/src/amqp_common_errors.ts).
const (
	conditionInternal     amqp.Symbol = "amqp:internal-error"
	conditionNotFound     amqp.Symbol = "amqp:not-found"
	conditionUnauthorized amqp.Symbol = "amqp:unauthorized-access"
	conditionNotAllowed   amqp.Symbol = "amqp:not-allowed"
	conditionPrecondition amqp.Symbol = "amqp:precondition-failed"

	conditionHandle     amqp.Symbol = "amqp:session:unattached-handle"
	conditionHandleUsed amqp.Symbol = "amqp:session:handle-in-use"

	conditionArgument  amqp.Symbol = "com.microsoft:argument-error"
	conditionThrottled amqp.Symbol = "com.microsoft:device-container-throttled"
)

// messageOverAMQP is the service's message here for every certificate that it refuses
// (GitHub issues Azure/azure-iot-sdk-c#815, Azure/azure-iot-sdk-csharp#898).
const messageOverAMQP = "IotHubUnauthorizedAccess"

// describe converts a refusal into an AMQP error.
func (a *amqpConversation) describe(refused *refusal) (*amqp.Error, error) {
	told := *refused
	if told.reason == reasonCertificate {
		told.message = messageOverAMQP
	}
	return amqpError(a.service.refuse(&told))
}

// amqpError converts an answer into an AMQP error: its text becomes the description
// (azure-iot-sdk-csharp
// provisioning/transport/amqp/src/ProvisioningTransportHandlerAmqp.cs) and its retry-after
// a member of info (azure-iot-sdk-node provisioning/transport/amqp/src/amqp.ts).
func amqpError(answer response) (*amqp.Error, error) {
	text, err := answer.text()
	if err != nil {
		return nil, err
	}
	wrong := &amqp.Error{Condition: condition(answer.status), Description: string(text), Info: amqp.Map{}}
	if answer.retryAfter != nil {
		wrong.Info = append(wrong.Info, amqp.Pair{Key: amqp.Symbol(dps.AMQPRetryAfter), Value: int32(seconds(*answer.retryAfter))})
	}
	return wrong, nil
}

// condition returns the error condition for an HTTP status. Which conditions the service
// uses is assumed, except for 401.
func condition(status int) amqp.Symbol {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return conditionUnauthorized
	case http.StatusNotFound:
		return conditionNotFound
	case http.StatusMethodNotAllowed:
		return conditionNotAllowed
	case http.StatusConflict, http.StatusPreconditionFailed:
		return conditionPrecondition
	case http.StatusRequestEntityTooLarge:
		return amqp.ConditionMessageSize
	case http.StatusTooManyRequests:
		return conditionThrottled
	}
	if status >= http.StatusInternalServerError {
		return conditionInternal
	}
	return conditionArgument
}
