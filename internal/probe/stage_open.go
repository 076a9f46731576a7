package probe

import (
	"context"
	"net"
	"strconv"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// open opens the transport's session, and retries as long as the peer asks to come back
// later.
func (r *runner) open(ctx context.Context) Finding {
	for attempt := 1; ; attempt++ {
		start := time.Now()
		var words firstWords
		session, opening := r.transport.Open(ctx, r.dialRecorded(&words), r.target, r.identity)
		if opening.otherProtocol() {
			opening.Said = words.foreign()
		}
		opening = r.identity.redactor().opening(opening)
		r.run.Opening = &opening
		r.compareClock(opening.Date, time.Since(start))
		switch {
		case session != nil:
			r.session = session
			return r.openedFinding(opening, attempt)
		case opening.Withheld != "":
			return r.withheldFinding(opening)
		case opening.TPM != nil:
			return r.tpmFailed(ctx, opening.TPM)
		case opening.Failure != nil:
			return r.noAnswer(opening.Failure).withSaid(opening.Said).with("layer", string(opening.Layer))
		}
		if !opening.putsOff() || attempt == r.cfg.MaxAttempts || !r.wait(ctx, r.waitToOpen(opening, attempt+1)) {
			r.stop(opening.end())
			return refusedFinding(opening, attempt)
		}
	}
}

// openedFinding says what was opened, and on which attempt.
func (r *runner) openedFinding(o Opening, attempt int) Finding {
	f := passed("the peer speaks %s%s", r.run.Transport, afterAttempts(attempt))
	if o.Location != "" || o.Body.Kind == dps.BodyHTML {
		f = warned("the answer to a plain request does not come from the service")
	}
	return f.with("status", nonZero(o.Status)).with("mechanisms", joinAll(o.Mechanisms)).
		with("challenge", o.challenge()).with("server", o.Server).with("redirect", o.Location)
}

// withheldFinding describes how far a session was opened without a credential.
func (r *runner) withheldFinding(o Opening) Finding {
	if o.Layer == LayerMQTTConnect {
		return Finding{Outcome: NotApplicable, Detail: "the first message of MQTT needs a credential; TLS is as far as a check of the way goes"}
	}
	reached := "the WebSocket opens"
	if o.Layer == LayerSASL {
		reached = "the peer speaks " + string(r.run.Transport)
	}
	return passed("%s; %s", reached, o.Withheld).with("mechanisms", joinAll(o.Mechanisms)).with("server", o.Server)
}

// waitToOpen waits after a refused opening.
func (r *runner) waitToOpen(o Opening, attempt int) Wait {
	wait := Wait{Before: OpOpen, For: r.pace.afterRefusal(o.RetryAfter), Attempt: attempt, Reason: o.Refusal}
	wait.Asked = o.RetryAfter.metBy(wait.For)
	return wait
}

// putsOff reports a refusal after which a retry is useful. CONNACK 3 is one, as in the C#
// and Node SDKs, although an unknown id scope can also cause it (azure-iot-sdk-node
// common/transport/mqtt/src/mqtt_translate_error.ts, GitHub issue
// Azure/azure-iot-sdk-python#670); the system error of SASL is another.
func (o *Opening) putsOff() bool {
	switch o.Layer {
	case LayerMQTTConnect:
		return o.Status == packets.ErrRefusedServerUnavailable
	case LayerSASL:
		return o.Status == int(amqp.SASLSys) || o.Status == int(amqp.SASLSysTemp)
	}
	return comeBackLater(Answer{Status: o.HTTPStatus()})
}

// end returns how a refusal to open ends the run.
func (o *Opening) end() End {
	if o.Layer != LayerWebSocket && comeBackLater(Answer{Status: o.HTTPStatus()}) {
		return EndExhausted
	}
	return EndRefused
}

// refusedFinding says what refused the session on the last attempt.
func refusedFinding(o Opening, attempts int) Finding {
	f := failed("%s%s", o.Refusal, afterAttempts(attempts)).withSaid(o.Said).with("layer", string(o.Layer)).with("status", nonZero(o.Status)).
		with("condition", o.Condition).with("mechanisms", joinAll(o.Mechanisms)).with("challenge", o.challenge()).withError(o.Body.Error)
	if o.RetryAfter != nil {
		f = f.with("retry-after", o.RetryAfter.Text)
	}
	return f.with("body", o.Body.Excerpt).with("redirect", o.Location).with("server", o.Server)
}

// afterAttempts returns the number of attempts as text if there was more than one.
func afterAttempts(n int) string {
	if n == 1 {
		return ""
	}
	return ", after " + plural(n, "attempt")
}

// dialRecorded is dialTLS that also keeps the first bytes of the connection in words, for a
// transport that begins with its own protocol and not with HTTP.
func (r *runner) dialRecorded(words *firstWords) Dialer {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := r.dialTLS(ctx)
		if err != nil || r.transport.Traits().BeginsInHTTP {
			return conn, err
		}
		*words = firstWords{Conn: conn}
		return words, nil
	}
}

// otherProtocol reports whether the peer answered, but not in the transport's protocol.
func (o *Opening) otherProtocol() bool {
	if o.Failure != nil {
		return o.Failure.Kind == netfail.Protocol
	}
	return o.Refusal != "" && o.Condition == "" && o.Status == 0 && (o.Layer == LayerSASL || o.Layer == LayerAMQPOpen)
}

// withSaid adds the text that a peer with another protocol sent.
func (f Finding) withSaid(said string) Finding {
	if said != "" {
		f.Detail += "; it says " + strconv.Quote(said)
	}
	return f.with("said", said)
}
