package probe

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// hubMQTT5 asks a hub over MQTT 5: CONNECT, and DISCONNECT after the CONNACK. Such a hub takes
// certificates only (learn.microsoft.com: iot-hub/mqtt-v5-capabilities). The form of the
// CONNECT is not documented; the client id is the device id and the user name that of a classic
// hub, which is assumed.
type hubMQTT5 struct{ overWebSocket bool }

func (h hubMQTT5) transport() Transport { return mqttTransport(h) }

func (h hubMQTT5) name() TransportID {
	if h.overWebSocket {
		return HubMQTT5WS
	}
	return HubMQTT5
}

func (hubMQTT5) dropsDevice() bool { return true }

func (h hubMQTT5) ask(ctx context.Context, dial Dialer, hub hubTarget, id Identity) Opening {
	connect := newConnect5(hub.deviceID)
	connect.UsernameFlag, connect.Username = true, dps.HubMQTTUsername(hub.name, hub.deviceID)
	return h.connect(ctx, dial, hub, connect, id)
}

// try connects under a client id that no device has, so that it disconnects none. Any answer in
// the form of MQTT 5 shows that the hub speaks it. The certificate of the device, if it has one,
// is presented: a hub may want one before it says anything.
func (h hubMQTT5) try(ctx context.Context, dial Dialer, hub hubTarget) Opening {
	return h.connect(ctx, dial, hub, newConnect5("dpsdiag-"+strings.ToLower(rand.Text())), Identity{})
}

func newConnect5(clientID string) *packets.Connect {
	return &packets.Connect{
		ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: clientID, KeepAlive: uint16(mqttKeepAlive.Seconds()), Properties: &packets.Properties{},
	}
}

func (h hubMQTT5) connect(ctx context.Context, dial Dialer, hub hubTarget, connect *packets.Connect, id Identity) Opening {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, opening := mqttTransport(h).dial(ctx, dial, hub.endpoint, id.redactor())
	if conn == nil {
		return opening
	}
	defer conn.Close()
	longAgo := time.Unix(1, 0)
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })()
	opening.Layer, opening.Status = LayerMQTT5Connect, 0
	answer, err := exchangeConnect5(conn, connect)
	switch {
	case ctx.Err() != nil:
		opening.Failure = netfail.Classify(ctx.Err())
	case err != nil:
		opening.Failure = netfail.Classify(err)
	case answer.ReasonCode != packets.ConnackSuccess:
		opening.Status, opening.Refusal = int(answer.ReasonCode), describeConnack5(answer)
	}
	return opening
}

// exchangeConnect5 sends a CONNECT, reads the CONNACK and ends the session.
func exchangeConnect5(conn net.Conn, connect *packets.Connect) (*packets.Connack, error) {
	if _, err := connect.WriteTo(conn); err != nil {
		return nil, err
	}
	answer, err := readConnack5(bufio.NewReader(conn))
	if err == nil && answer.ReasonCode == packets.ConnackSuccess {
		// The DISCONNECT need not arrive: the connection ends anyway.
		_, _ = (&packets.Disconnect{Properties: &packets.Properties{}}).WriteTo(conn)
	}
	return answer, err
}

// maxConnack5 is the maximum length of a CONNACK with its properties, in bytes.
const maxConnack5 = 64 << 10

// readConnack5 reads a CONNACK of MQTT 5, which has properties, unlike one of MQTT 3.1.1. The
// library is given the packet as a whole: it makes room for as many bytes as a packet says it
// has.
func readConnack5(r *bufio.Reader) (*packets.Connack, error) {
	first, err := r.ReadByte()
	switch {
	case err != nil:
		return nil, err
	case first != packets.CONNACK<<4:
		return nil, &netfail.ProtocolError{Text: "the peer does not speak MQTT: its first bytes are not a CONNACK"}
	}
	length, err := readLength(r)
	switch {
	case err != nil:
		return nil, err
	case length == 2:
		return nil, olderConnack(r)
	case length > maxConnack5:
		return nil, &netfail.ProtocolError{Text: fmt.Sprintf("the peer sent a CONNACK of %d bytes", length)}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	packet, err := packets.ReadPacket(bytes.NewReader(append(binary.AppendUvarint([]byte{first}, uint64(len(body))), body...)))
	if err != nil {
		return nil, &netfail.ProtocolError{Text: "the peer sent a malformed CONNACK"}
	}
	return packet.Content.(*packets.Connack), nil
}

// olderConnack is the error for a CONNACK of MQTT 3.1.1.
func olderConnack(r *bufio.Reader) error {
	body := make([]byte, 2)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	return &netfail.ProtocolError{Text: fmt.Sprintf("the peer answers in MQTT 3.1.1 (CONNACK %d)", body[1])}
}

// describeConnack5 describes a refusal, with the reason that the hub adds, if it does.
func describeConnack5(answer *packets.Connack) string {
	name, _, _ := strings.Cut(answer.Reason(), " - ")
	text := fmt.Sprintf("CONNACK 0x%02X: %s", answer.ReasonCode, cmp.Or(strings.ToLower(name), "a reserved code"))
	if reason := answer.Properties.ReasonString; reason != "" {
		text += " (" + reason + ")"
	}
	return text
}

// connack5Result interprets the reason code of a CONNACK of MQTT 5.
func connack5Result(code byte) HubResult {
	switch {
	case code == packets.ConnackSuccess:
		return HubTaken
	case slices.Contains([]byte{packets.ConnackInvalidClientID, packets.ConnackBadUsernameOrPassword, packets.ConnackNotAuthorized, packets.ConnackBanned, packets.ConnackBadAuthenticationMethod}, code):
		return HubDenied
	case code == packets.ConnackServerUnavailable, code == packets.ConnackServerBusy, Throttles5(int(code)):
		return HubBusy
	}
	return HubOdd
}

// Throttles5 reports a reason code of a CONNACK that means too many requests.
func Throttles5(code int) bool {
	return code == packets.ConnackQuotaExceeded || code == packets.ConnackConnectionRateExceeded
}

// hubProtocol returns the protocol in which the hub of the last assignment is asked.
func (r *runner) hubProtocol() hubProtocol {
	_, registration := stateOf(r.last)
	traits := r.run.Transport.Traits()
	if registration != nil && registration.ConnectionProfile == dps.ProfileMQTT5 {
		return hubMQTT5{overWebSocket: traits.WebSocket}
	}
	return traits.hub
}

// profileOutOfReach says why a hub cannot be asked because of its connection profile, "" if it
// can.
func (r *runner) profileOutOfReach(registration *dps.Registration) string {
	switch profile := registration.ConnectionProfile; {
	case profile == "" || profile == dps.ProfileClassic:
		return ""
	case profile != dps.ProfileMQTT5:
		return "the hub has the connection profile " + string(profile) + ", which dpsdiag does not know"
	case r.target.Mode == ModeHub && !r.target.Attestation.Traits().InHandshake:
		return "the hub speaks MQTT 5 and takes certificates only; --cert and --cert-key give the one that was issued"
	case r.run.Issued == nil && !r.target.Attestation.Traits().InHandshake:
		return "the hub speaks MQTT 5 and takes certificates only; --csr-key FILE requests one"
	case !r.cfg.MayDisconnect && !DropsLiveDevice(r.run.Transport):
		return "the hub speaks MQTT 5 only, over which the check disconnects a live device; --yes allows that"
	}
	return ""
}

// trialTimeout is how long that question may take: a hub that speaks MQTT 5 answers at once.
const trialTimeout = 5 * time.Second

// tryMQTT5 asks a hub once whether it speaks MQTT 5, if its answer is not that of a classic hub
// and its connection profile is not known. It reports whether the hub does.
func (r *runner) tryMQTT5(ctx context.Context, check *HubCheck) bool {
	step := check.Last(HubAsk)
	known := dps.HasConnectionProfile(r.target.APIVersion)
	if r.target.Mode == ModeHub {
		known = r.cfg.Assignment.Profile != ""
	}
	if known || !step.otherKind() || check.Last(HubTryMQTT5) != nil || ctx.Err() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, trialTimeout)
	defer cancel()
	start := time.Now()
	hub := hubTarget{name: check.Hub, endpoint: check.Endpoint}
	protocol := hubMQTT5{overWebSocket: r.run.Transport.Traits().WebSocket}
	target := r.target
	target.Endpoint = hub.endpoint
	side := newRunner(r.shared, protocol.transport(), target, new(Run))
	defer side.close()
	side.identity = Identity{Certificate: r.identity.Certificate, redact: r.identity.redactor()}
	if r.run.Issued != nil {
		side.identity.Certificate = r.run.Issued.certificate(r.cfg.Signing.Key)
	}
	trial := HubStep{Action: HubTryMQTT5, Result: HubFailed, Hub: check.Hub}
	if f, part := side.reach(ctx); part != "" {
		trial.Text = string(part) + ": " + f.Detail
	} else {
		answer := side.identity.redact.opening(protocol.try(ctx, side.dialTLS, hub))
		trial.Answer, trial.Text = &answer, answer.describeHub()
		if answer.Layer == LayerMQTT5Connect && answer.Failure == nil && answer.Status != packets.ConnackUnsupportedProtocolVersion {
			trial.Result = HubTaken
		}
	}
	trial.Took = time.Since(start)
	check.Steps = append(check.Steps, trial)
	return trial.Result == HubTaken
}

// otherKind reports an answer that a classic hub does not give to a device: none, one in another
// form of MQTT, or over HTTPS one that says nothing but that there is no such thing here.
func (s *HubStep) otherKind() bool {
	o := s.Answer
	switch {
	case s.Result == HubSilent:
		return o.Failure.Kind == netfail.Reset
	case o == nil || o.Layer != LayerHTTP:
		return s.Result == HubOdd
	}
	notServed := []int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUpgradeRequired}
	return o.Failure == nil && o.Body.Kind == dps.BodyEmpty && slices.Contains(notServed, o.Status)
}
