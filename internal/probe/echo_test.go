package probe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

const (
	echoedKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	signature = "c2VjcmV0c2lnbmF0dXJldGhhdGlzbG9uZ2Vub3VnaCE="
)

// echoTexts returns texts in which a peer may send the token and the key back, by name.
func echoTexts(token string) map[string]string {
	escaped := func(text string) string {
		var b strings.Builder
		for _, r := range text {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		return b.String()
	}
	inner, err := json.Marshal(`{"primaryKey":"` + echoedKey + `","was":"` + token + `"}`)
	if err != nil {
		panic(err)
	}
	signed := url.QueryEscape(signature)
	return map[string]string{
		"error":         `{"errorCode":401002,"trackingId":"t","message":"refused ` + token + `"}`,
		"key":           `{"errorCode":400207,"message":"enrollment {primaryKey: ` + echoedKey + `}"}`,
		"escaped":       `{"errorCode":401002,"message":"` + escaped(token+" "+echoedKey) + `"}`,
		"nested":        `{"errorCode":401002,"message":` + string(inner) + `}`,
		"registration":  `{"operationId":"` + token + `","status":"failed","registrationState":{"status":"failed","errorCode":400207,"errorMessage":"` + token + `","assignedHub":"` + echoedKey + `","payload":{"a":"` + token + `"}}}`,
		"hub error":     `{"Message":"` + token + `","ExceptionMessage":"` + echoedKey + `"}`,
		"other JSON":    `{"you":"` + token + `","and":["` + echoedKey + `"]}`,
		"text":          "refused " + token + " " + signed + " " + signature,
		"HTML":          "<html>" + url.QueryEscape(token) + " " + echoedKey,
		"HTML escapes":  "<html>" + strings.NewReplacer("=", "&#61;", "&", "&amp;").Replace(token) + " " + strings.ReplaceAll(echoedKey, "N", "&#78;"),
		"small escapes": "<html>" + strings.ToLower(url.QueryEscape("sig=")) + strings.ReplaceAll(signature+" "+echoedKey, "=", "%3d") + strings.ReplaceAll(echoedKey, "M", "%4d"),
		"cut off":       `{"errorCode":401002,"message":"` + token[:len(token)-9],
		"cut off later": strings.Repeat("x", 490) + " " + echoedKey,
		"at the end":    "the key is " + echoedKey[:20],
	}
}

// echoDevice authenticates with a ready token, and has a key that the peer also knows.
type echoDevice struct{ probe.Attestation }

// Identify implements probe.Attestation.
func (d echoDevice) Identify(target probe.Target, now time.Time) probe.Identity {
	identity := d.Attestation.Identify(target, now)
	identity.Secrets = []dps.Secret{dps.NewSecret(echoedKey)}
	return identity
}

func newEchoDevice(t *testing.T) (device echoDevice, token string) {
	t.Helper()
	token = "SharedAccessSignature sr=" + url.QueryEscape(scope+"/registrations/"+id) + "&sig=" + url.QueryEscape(signature) + "&se=4102444800&skn=registration"
	ready, err := probe.NewSASToken(dps.NewSecret(token))
	if err != nil {
		t.Fatal(err)
	}
	return echoDevice{ready}, token
}

// echoPeer is a peer that sends text back in one place, such as the body of an answer. start
// starts it and returns the configuration of a probe of it.
type echoPeer struct {
	name  string
	start func(t *testing.T, text string) probe.Config
}

// echoPeers returns a peer for each place in each transport where a peer can send text.
func echoPeers() []echoPeer {
	oneLine := func(text string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(text) }
	refused := func(text string) http.HandlerFunc {
		return answer(401, text, "Server", oneLine(text), "Location", oneLine(text), "Retry-After", oneLine(text), "X-Ms-Request-Id", oneLine(text), "X-Ms-Error-Code", oneLine(text))
	}
	list := []echoPeer{
		{"https register", func(t *testing.T, text string) probe.Config { return start(t, service{register: refused(text)}) }},
		{"https status", func(t *testing.T, text string) probe.Config { return start(t, service{status: refused(text)}) }},
		{"https open", func(t *testing.T, text string) probe.Config { return start(t, service{root: refused(text)}) }},
		{"mqtt-ws handshake", func(t *testing.T, text string) probe.Config { return startWebSocket(t, refused(text)) }},
		{"mqtt-ws close", func(t *testing.T, text string) probe.Config {
			return startWebSocket(t, accept(func(ws *websocket.Conn) { ws.Close(websocket.StatusPolicyViolation, text[:min(len(text), 120)]) }, "mqtt"))
		}},
		{"amqp-ws handshake", func(t *testing.T, text string) probe.Config { return startAMQPHandshake(t, nil, refused(text)) }},
	}
	for _, c := range carriers() {
		list = append(list,
			echoPeer{c.name + " register", func(t *testing.T, text string) probe.Config {
				return c.start(t, broker{register: reply(401, "", text)})
			}},
			echoPeer{c.name + " retry-after", func(t *testing.T, text string) probe.Config {
				return c.start(t, broker{register: reply(429, url.QueryEscape(text), text)})
			}},
			echoPeer{c.name + " status", func(t *testing.T, text string) probe.Config { return c.start(t, broker{status: reply(400, "", text)}) }})
	}
	for name, begin := range map[string]amqpStart{"amqp": startAMQP, "amqp-ws": startAMQPOverWebSocket} {
		add := func(place string, peer func(text string) amqpPeer) {
			list = append(list, echoPeer{name + " " + place, func(t *testing.T, text string) probe.Config { return begin(t, peer(text)) }})
		}
		at := func(step amqpStep, leave func(text string) func(*amqpConn)) func(string) amqpPeer {
			return func(text string) amqpPeer { return amqpPeer{steps: map[amqpStep]func(*amqpConn){step: leave(text)}} }
		}
		add("register", func(text string) amqpPeer { return amqpPeer{register: amqpReply(text, dps.AMQPRetryAfter, text)} })
		add("status", func(text string) amqpPeer { return amqpPeer{status: amqpReply(text)} })
		add("rejection", func(text string) amqpPeer {
			return amqpPeer{register: amqpReject("amqp:unauthorized-access", text, dps.AMQPRetryAfter, text)}
		})
		add("condition", func(text string) amqpPeer { return amqpPeer{register: amqpReject(text, text)} })
		add("link", at(atReceiver, func(text string) func(*amqpConn) { return amqpNoLink(amqpError("amqp:unauthorized-access", text)) }))
		add("mechanisms", at(atSASL, func(text string) func(*amqpConn) {
			return func(c *amqpConn) { c.saslWith(amqp.SASLMechanism{Name: text}) }
		}))
		add("open", at(atOpen, func(text string) func(*amqpConn) {
			return amqpFrames(&amqp.Open{ContainerID: text, Properties: amqp.Map{{Key: amqp.Symbol(dps.AMQPOpenError), Value: amqpError("amqp:not-found", text)}}})
		}))
	}
	return list
}

// TestAnEchoedSecretIsInNoReport: if a peer sends the token or the key back, in any place and
// in any form, neither is in the evidence or in a report.
func TestAnEchoedSecretIsInNoReport(t *testing.T) {
	t.Parallel()
	device, token := newEchoDevice(t)
	secrets := []string{signature[:12], signature[20:36], echoedKey[:12], echoedKey[20:36], "SharedAccessSignature sr", "SharedAccessSignature+sr"}
	for _, peer := range echoPeers() {
		for name, text := range echoTexts(token) {
			t.Run(peer.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				cfg := peer.start(t, text)
				cfg.Attestation, cfg.MaxAttempts = device, 2
				ev := probe.Do(t.Context(), cfg)
				for what, shown := range shownOf(t, &ev) {
					for _, secret := range secrets {
						if strings.Contains(shown, secret) {
							t.Fatalf("%s has %q: %s", what, secret, shown)
						}
					}
				}
			})
		}
	}
}

// TestAKeyAttestationNamesItsSecrets: an attestation with a key lists every key that it uses
// as a secret, so that the redactor can hide them.
func TestAKeyAttestationNamesItsSecrets(t *testing.T) {
	t.Parallel()
	key := dps.NewKey([]byte("0123456789abcdef0123456789abcdef"))
	on := probe.Target{Scope: scope, RegistrationID: id}
	for name, test := range map[string]struct {
		attestation probe.Attestation
		want        []string
	}{
		"key":       {probe.NewSymmetricKey(key), []string{echoedKey}},
		"group key": {probe.NewGroupKey(key), []string{echoedKey, key.Derive(id).Text().Reveal()}},
	} {
		var got []string
		for _, secret := range test.attestation.Identify(on, time.Now()).Secrets {
			got = append(got, secret.Reveal())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// shownOf returns the text of the evidence and of every report of it, by name.
func shownOf(t *testing.T, ev *probe.Evidence) map[string]string {
	t.Helper()
	ev.Runs[0].TLS = nil // the certificates arrive before any secret is sent
	evidence, err := json.Marshal(ev.Runs)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{"the evidence": string(evidence)}
	doc := report.NewProbe(ev, advice.Diagnose(ev), report.Tool{Version: "1"}, false)
	for _, f := range report.FormatsFor(doc) {
		for _, verbose := range []bool{false, true} {
			var b bytes.Buffer
			if err := f.Write(&b, doc, report.Options{Verbose: verbose}); err != nil {
				t.Fatal(err)
			}
			shown[fmt.Sprintf("%s, verbose %t", f.Name, verbose)] = b.String()
		}
	}
	return shown
}
