package emulator

import (
	"context"
	"net/http"
	"strings"

	"dpsdiag/internal/dps"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// mqttService is the provisioning service for an MQTT client.
type mqttService struct {
	*mqttConversation
	registrationID string
	proven         *caller
	refused        *refusal // instead of proven: the answer to every call
}

// speakMQTT serves a connection to the provisioning service until it ends.
func (f *front) speakMQTT(ctx context.Context, s *stream) error {
	m := newMQTTConversation(f, s, maxPacket)
	m.peer = &mqttService{mqttConversation: m}
	return m.speak(ctx)
}

func (m *mqttService) caller() call {
	return call{transport: m.transport, remote: m.remote, registrationID: m.registrationID}
}

func (m *mqttService) judge(p *packets.ConnectPacket) (code byte, refused *refusal) {
	claim, err := parseUsername(p.Username)
	if err != nil { // assumed
		return packets.ErrRefusedBadUsernameOrPassword, bare(http.StatusBadRequest, err.Error())
	}
	m.registrationID = claim.registrationID
	if !strings.EqualFold(p.ClientIdentifier, claim.registrationID) { // assumed
		return packets.ErrRefusedIDRejected, bare(http.StatusBadRequest, "the client id is not the registration id of the user name")
	}
	claim.credential = credential{token: dps.NewSecret(string(p.Password)), chain: m.chain}
	m.proven, m.refused = m.service.authenticate(claim)
	if m.refused == nil && m.proven.enrollment.tpm != nil { // learn.microsoft.com: concepts-tpm-attestation
		m.proven, m.refused = nil, badToken("TPM attestation does not exist over MQTT")
	}
	if m.refused == nil {
		return packets.Accepted, nil
	}
	return connackCode(m.refused), m.refused
}

// connackCode returns the return code that refuses a connection, or Accepted if the service
// accepts the connection and refuses the calls on it, as it does with a certificate
// (azure-sdk-for-c sdk/src/azure/iot/az_iot_provisioning_client.c). Code 5 for a token is
// seen in GitHub issue Azure/azure-iot-sdk-python#709, code 3 for an id scope in #670
// there; the others are assumed.
func connackCode(refused *refusal) byte {
	switch refused.reason {
	case reasonScope:
		return packets.ErrRefusedServerUnavailable
	case reasonToken, reasonEnrollment:
		return packets.ErrRefusedNotAuthorised
	case reasonFault:
		return connackOfFault(refused.status)
	}
	return packets.Accepted
}

func connackOfFault(status int) byte {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return packets.ErrRefusedNotAuthorised
	case status == http.StatusNotFound, status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return packets.ErrRefusedServerUnavailable
	}
	return packets.Accepted
}

// offers only the answers (learn.microsoft.com: iot-dps/iot-mqtt-connect-to-iot-dps).
func (m *mqttService) offers(filter string) bool { return filter == dps.MQTTResponses }

func (m *mqttService) subscribed() error {
	if m.proven != nil && m.service.subscribe(m.proven) {
		return errCut
	}
	return nil
}

// read parses a call.
func (m *mqttService) read(p *packets.PublishPacket) (answer func() error, err error) {
	request, err := parseTopic(p.TopicName)
	if err != nil {
		return nil, err
	}
	return func() error {
		answer := m.answer(request, p.Payload)
		asked := m.caller()
		asked.operation = request.operation
		m.report(asked, answer)
		return m.deliver(answer.delivery, func(f form) error { return m.send(request, answer, f) })
	}, nil
}

func (m *mqttService) answer(r mqttRequest, body []byte) response {
	if m.refused != nil {
		return m.service.refuse(m.refused)
	}
	return m.service.call(m.proven, request{operation: r.operation, operationID: r.operationID, body: body})
}

// send publishes an answer.
func (m *mqttService) send(r mqttRequest, answer response, f form) error {
	if f == misplaced {
		r.rid, answer = m.service.random.guid(), m.service.refuse(elsewhere())
	}
	body, err := answer.text()
	if err != nil {
		return err
	}
	return m.post(dps.MQTTResponses, answerTopic(r.rid, answer), body, f)
}

// elsewhere is the answer to another request; a client that accepts it as its own has an
// error.
func elsewhere() *refusal {
	refused := family(http.StatusUnauthorized).refusal()
	refused.why = "answers a request that was never made"
	return refused
}
