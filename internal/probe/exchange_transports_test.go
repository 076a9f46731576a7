package probe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// drawn writes one line for each exchange: the request and the answer.
func drawn(exchanges []probe.Exchange) []string {
	var list []string
	for _, e := range exchanges {
		list = append(list, side(e.Request)+" => "+side(e.Answer))
	}
	return list
}

// side writes a message without the parts that differ between runs.
func side(m probe.Message) string {
	var headers []string
	for _, h := range m.Headers {
		switch h.Name {
		case "Date", "Host", "Sec-Websocket-Accept", "correlation-id":
			h.Value = "*"
		}
		headers = append(headers, h.Name+"="+h.Value)
	}
	line, _, _ := strings.Cut(m.Line, "$rid=")
	return strings.TrimSpace(fmt.Sprintf("%s (%s) %s", line, strings.Join(headers, ", "), m.Body))
}

// TestEveryTransportKeepsItsExchanges compares what --verbose shows for a healthy session.
func TestEveryTransportKeepsItsExchanges(t *testing.T) {
	t.Parallel()
	handshake := func(subprotocol string) string {
		return "GET /$iothub/websocket HTTP/1.1 (Host=*, Sec-Websocket-Protocol=" + subprotocol + ", Upgrade=websocket, User-Agent=dpsdiag) => " +
			"HTTP/1.1 101 Switching Protocols (Connection=Upgrade, Date=*, Sec-Websocket-Accept=*, Sec-Websocket-Protocol=" + subprotocol + ", Upgrade=websocket)"
	}
	const address = "0ne0045B3C6/registrations/dev-01"
	request := `{"registrationId":"dev-01"}`
	overMQTT := []string{
		"CONNECT (client-id=dev-01, username=" + address + "/api-version=2019-03-31, password=[redacted], clean-session=true, keep-alive=1m) => CONNACK 0: accepted ()",
		"SUBSCRIBE $dps/registrations/res/# (qos=1) => SUBACK: granted ()",
		"PUBLISH $dps/registrations/PUT/iotdps-register/? (qos=1) " + request + " => PUBLISH $dps/registrations/res/202/? (qos=1) " + registering,
		"PUBLISH $dps/registrations/GET/iotdps-get-operationstatus/? (qos=1) => PUBLISH $dps/registrations/res/200/? (qos=1) " + registered,
	}
	overAMQP := []string{
		"SASL PLAIN (initial-response=[redacted]) => SASL outcome 0: ok (mechanisms=TPM PLAIN)",
		"OPEN (hostname=127.0.0.1) => OPEN (container-id=IoTDPSGW_test)",
		"ATTACH " + address + " (com.microsoft:api-version=2019-03-31, com.microsoft:client-version=dpsdiag) => ATTACH " + address + " ()",
		"TRANSFER " + address + " (correlation-id=*, iotdps-operation-type=iotdps-register) " + request +
			" => TRANSFER (correlation-id=*, retry-after=0) " + registeringAMQP,
		"TRANSFER " + address + " (correlation-id=*, iotdps-operation-id=op1, iotdps-operation-type=iotdps-get-operationstatus) => TRANSFER (correlation-id=*) " + registeredAMQP,
	}
	for name, test := range map[string]struct {
		cfg  probe.Config
		want []string
	}{
		"mqtt":    {startMQTT(t, broker{}), overMQTT},
		"mqtt-ws": {startMQTTOverWebSocket(t, broker{}), append([]string{handshake("mqtt")}, overMQTT...)},
		"amqp":    {startAMQP(t, amqpPeer{}), overAMQP},
		"amqp-ws": {startAMQPOverWebSocket(t, amqpPeer{}), append([]string{handshake(dps.AMQPSubprotocol)}, overAMQP...)},
	} {
		run := probe.Do(t.Context(), test.cfg).Runs[0]
		exchanges := run.Opening.Exchanges
		for _, a := range run.Answers {
			exchanges = append(exchanges, *a.Exchange)
		}
		if diff := cmp.Diff(test.want, drawn(exchanges)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestARefusalIsKeptAsItCame compares the last exchange of a refused session.
func TestARefusalIsKeptAsItCame(t *testing.T) {
	t.Parallel()
	reason := amqpError("amqp:unauthorized-access", `{"errorCode":401002}`, "retry-after", "3")
	for want, cfg := range map[string]probe.Config{
		"CONNACK 5: not authorized ()":                              startMQTT(t, broker{connect: connack(5)}),
		"SUBACK 128: the subscription to the answers is refused ()": startMQTT(t, broker{subscribe: suback(128)}),
		"()": startMQTT(t, broker{connect: cut[connecting]}),
		`link closed with amqp:unauthorized-access (retry-after=3) {"errorCode":401002}`:       startAMQP(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){atReceiver: amqpNoLink(reason)}}),
		`connection closed with amqp:unauthorized-access (retry-after=3) {"errorCode":401002}`: startAMQP(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){atBegin: amqpFrames(&amqp.Close{Error: reason})}}),
	} {
		exchanges := probe.Do(t.Context(), cfg).Runs[0].Opening.Exchanges
		got := exchanges[len(exchanges)-1].Answer
		if diff := cmp.Diff(want, side(got)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
