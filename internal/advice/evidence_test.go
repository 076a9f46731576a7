package advice

import (
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// started is the local time of every probe in these tests.
var started = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

const (
	publicHost = "global.azure-devices-provisioning.net"
	ownHost    = "dps.plant.example"
)

// change alters the evidence of a probe.
type change func(*probe.Evidence)

// refusedProbe is the evidence of a probe over HTTPS, against the public endpoint, with a 64-byte key
// and a right clock, that got as far as a call; changes describe how it continued.
func refusedProbe(changes ...change) *probe.Evidence {
	ev := &probe.Evidence{
		Started: started,
		Target: probe.Target{
			Endpoint:       dps.Endpoint{Host: publicHost, HTTPS: 443, MQTT: 8883, AMQP: 5671},
			Scope:          "0ne0045B3C6",
			RegistrationID: "sensor-17",
			Attestation:    probe.KindSymmetricKey,
			APIVersion:     dps.DefaultAPIVersion,
			Mode:           probe.ModeRegister,
		},
		Inputs: probe.Inputs{Key: &probe.KeyFacts{Size: 64}},
		Runs:   []probe.Run{reachedRun(probe.HTTPS)},
	}
	for _, alter := range changes {
		alter(ev)
	}
	return ev
}

// reachedRun is a run that got as far as a call.
func reachedRun(transport probe.TransportID) probe.Run {
	return probe.Run{
		Transport:  transport,
		Resolution: &probe.Resolution{Host: publicHost, Addresses: []string{"20.43.44.10"}},
		Dials:      []probe.Dial{{Address: "20.43.44.10:443"}},
		TLS: &probe.Handshake{
			ServerName: publicHost, Issuer: probe.IssuerKnown, ClientCertRequested: true,
			Root: certificate("DigiCert Global Root G2", "DigiCert Global Root G2"),
		},
		Clock:   &probe.Clock{Source: probe.ClockDateHeader, Skew: time.Second, Uncertainty: time.Second},
		Opening: &probe.Opening{Status: 404},
		End:     probe.EndRefused,
	}
}

// run is the first run of the evidence.
func run(ev *probe.Evidence) *probe.Run { return &ev.Runs[0] }

// The identity.

func key(size int) change {
	return func(ev *probe.Evidence) { ev.Inputs.Key = &probe.KeyFacts{Size: size} }
}

func groupKey(size int) change {
	return func(ev *probe.Evidence) {
		ev.Target.Attestation = probe.KindGroupKey
		ev.Inputs.Key = &probe.KeyFacts{Size: size, Derived: true}
	}
}

// token presents a ready token that is good for ten minutes, unless altered.
func token(alter func(*probe.TokenFacts)) change {
	return func(ev *probe.Evidence) {
		facts := &probe.TokenFacts{Resource: "0ne0045B3C6/registrations/sensor-17", CoversTarget: true, Expiry: started.Add(10 * time.Minute)}
		if alter != nil {
			alter(facts)
		}
		ev.Target.Attestation, ev.Inputs = probe.KindSASToken, probe.Inputs{Token: facts}
	}
}

func expired(t *probe.TokenFacts) { t.Expiry, t.Expired = started.Add(-time.Hour), true }

// unread is a TPM about which nothing is known.
func unread(ev *probe.Evidence) {
	ev.Target.Attestation, ev.Inputs = probe.KindTPM, probe.Inputs{}
}

// device presents a sound certificate without anything above it, unless altered.
func device(alter ...func(*probe.CertificateFacts)) change {
	return func(ev *probe.Evidence) {
		leaf := certificate("sensor-17", "Plant Intermediate")
		facts := &probe.CertificateFacts{Leaf: leaf, CommonName: "sensor-17", NameMatch: probe.NameSame, Unlinked: -1, Top: "CN=Plant Intermediate"}
		for _, each := range alter {
			each(facts)
		}
		ev.Target.Attestation, ev.Inputs = probe.KindX509, probe.Inputs{Certificate: facts}
		for i := range ev.Runs {
			ev.Runs[i].TLS.ClientCertSent = true
		}
	}
}

// certificate is one that is in date.
func certificate(name, issuer string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, Issuer: pkix.Name{CommonName: issuer}, Raw: []byte(name),
		NotBefore: started.AddDate(-1, 0, 0), NotAfter: started.AddDate(1, 0, 0), IsCA: name != "sensor-17",
	}
}

// above sends CA certificates after the leaf, each the issuer of the one before.
func above(names ...string) func(*probe.CertificateFacts) {
	return func(f *probe.CertificateFacts) {
		for i, name := range names {
			issuer := "Plant Root"
			if i+1 < len(names) {
				issuer = names[i+1]
			}
			f.Chain = append(f.Chain, certificate(name, issuer))
			f.Top = "CN=" + issuer
		}
	}
}

func name(match probe.NameMatch, commonName string) func(*probe.CertificateFacts) {
	return func(f *probe.CertificateFacts) { f.NameMatch, f.CommonName = match, commonName }
}

func selfSigned(f *probe.CertificateFacts) { f.SelfSigned, f.Top = true, "CN=sensor-17" }

// endedOn dates the leaf so that it expired before the probe by the local clock.
func endedOn(f *probe.CertificateFacts) {
	f.Leaf.NotAfter = started.AddDate(0, 0, -1)
	f.Expired = []*x509.Certificate{f.Leaf}
}

// beginsOn dates the leaf so that it is not yet valid by the local clock.
func beginsOn(f *probe.CertificateFacts) {
	f.Leaf.NotBefore = started.AddDate(0, 0, 1)
	f.NotYetValid = []*x509.Certificate{f.Leaf}
}

// The target.

func host(name string) change {
	return func(ev *probe.Evidence) {
		ev.Target.Endpoint.Host = name
		for i := range ev.Runs {
			ev.Runs[i].Resolution.Host, ev.Runs[i].TLS.ServerName = name, name
			ev.Runs[i].TLS.Issuer = probe.IssuerOther
		}
	}
}

func scope(text string) change { return func(ev *probe.Evidence) { ev.Target.Scope = text } }

func id(text string) change { return func(ev *probe.Evidence) { ev.Target.RegistrationID = text } }

func version(text string) change { return func(ev *probe.Evidence) { ev.Target.APIVersion = text } }

func lookup(ev *probe.Evidence) { ev.Target.Mode = probe.ModeLookup }

func warn(cause, detail string) change {
	return func(ev *probe.Evidence) {
		ev.Inputs.Warnings = append(ev.Inputs.Warnings, probe.Warning{ID: cause, Detail: detail})
	}
}

// What happened.

// refuse answers the call with an error of the service.
func refuse(status, code int, message string) change {
	return answer(probe.Answer{Status: status, Body: dps.Body{
		Kind: dps.BodyError, Error: &dps.ServiceError{ErrorCode: code, Message: message},
	}})
}

// bare answers the call with only a status.
func bare(status int) change {
	return answer(probe.Answer{Status: status, Body: dps.Body{Kind: dps.BodyEmpty}})
}

// page answers the call with HTML.
func page(status int) change {
	return answer(probe.Answer{Status: status, Body: dps.Body{Kind: dps.BodyHTML, Excerpt: "<html>"}})
}

func answer(a probe.Answer) change {
	return func(ev *probe.Evidence) {
		if a.Op == "" {
			a.Op = probe.OpRegister
		}
		run(ev).Answers = append(run(ev).Answers, a)
	}
}

// inHeader puts a value into the header x-ms-error-code of the last answer.
func inHeader(value string) change {
	return func(ev *probe.Evidence) { run(ev).LastAnswer().ErrorHeader = value }
}

// accept answers the register call with 202.
func accept(ev *probe.Evidence) {
	answer(probe.Answer{Status: 202, Body: operation(dps.StatusAssigning, nil)})(ev)
}

// state ends the registration in a state.
func state(s dps.Status, code int, message string) change {
	return func(ev *probe.Evidence) {
		accept(ev)
		reg := &dps.Registration{Status: s, ErrorCode: code, ErrorMessage: message}
		answer(probe.Answer{Op: probe.OpStatus, Status: 200, Body: operation(s, reg)})(ev)
	}
}

func operation(s dps.Status, reg *dps.Registration) dps.Body {
	return dps.Body{Kind: dps.BodyOperation, Operation: &dps.Operation{OperationID: "5.1.2", Status: s, Registration: reg}}
}

// registration answers a lookup with a bare registration.
func registration(s dps.Status) change {
	return answer(probe.Answer{Op: probe.OpLookup, Status: 200, Body: dps.Body{
		Kind: dps.BodyRegistration, Registration: &dps.Registration{RegistrationID: "sensor-17", Status: s},
	}})
}

// lose ends the run with a call that got no answer.
func lose(kind netfail.Kind, end probe.End) change {
	return func(ev *probe.Evidence) {
		answer(probe.Answer{Failure: &netfail.Failure{Kind: kind}})(ev)
		run(ev).End = end
	}
}

func ends(end probe.End) change { return func(ev *probe.Evidence) { run(ev).End = end } }

// A session that was refused, in the terms of its transport.

// session refuses the session over a transport.
func session(t probe.TransportID, o probe.Opening) change {
	return func(ev *probe.Evidence) {
		r := run(ev)
		o.Refusal = cmp.Or(o.Refusal, "refused")
		r.Transport, r.Opening, r.Clock, r.Answers = t, &o, nil, nil
	}
}

func connack(code int) change {
	return session(probe.MQTT, probe.Opening{Layer: probe.LayerMQTTConnect, Status: code, Refusal: fmt.Sprintf("CONNACK %d: as it was", code)})
}

func sasl(outcome int, mechanisms ...string) change {
	return session(probe.AMQP, probe.Opening{Layer: probe.LayerSASL, Status: outcome, Mechanisms: mechanisms})
}

// condition refuses with an AMQP error; description is its text.
func condition(layer probe.Layer, name, description string) change {
	return session(probe.AMQP, probe.Opening{Layer: layer, Condition: name, Body: dps.ParseBody([]byte(description))})
}

// upgrade refuses a WebSocket with an answer of HTTP.
func upgrade(t probe.TransportID, status int, body string) change {
	return session(t, probe.Opening{Layer: probe.LayerWebSocket, Status: status, Body: dps.ParseBody([]byte(body))})
}

// wordless ends the run while the session was opening, without a refusal.
func wordless(t probe.TransportID, layer probe.Layer, kind netfail.Kind, end probe.End) change {
	return func(ev *probe.Evidence) {
		session(t, probe.Opening{Layer: layer, Failure: &netfail.Failure{Kind: kind, Text: "as it was"}})(ev)
		run(ev).Opening.Refusal, run(ev).End = "", end
	}
}

// unresolved stops the run at resolve.
func unresolved(kind netfail.Kind) change {
	return func(ev *probe.Evidence) {
		r := run(ev)
		r.Resolution.Failure, r.Resolution.Addresses = &netfail.Failure{Kind: kind}, nil
		r.Dials, r.TLS, r.Clock, r.Opening = nil, nil, nil, nil
		r.Findings = []probe.Finding{{Stage: probe.StageResolve, Outcome: probe.Failed}}
	}
}

// undialed stops the run at connect; one address fails for each kind.
func undialed(kinds ...netfail.Kind) change {
	return func(ev *probe.Evidence) {
		r := run(ev)
		r.Dials, r.TLS, r.Clock, r.Opening = nil, nil, nil, nil
		for i, kind := range kinds {
			address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{20, 43, 44, byte(10 + i)}), 443)
			r.Dials = append(r.Dials, probe.Dial{Address: address.String(), Failure: &netfail.Failure{Kind: kind}})
		}
		r.Findings = []probe.Finding{{Stage: probe.StageConnect, Outcome: probe.Failed}}
	}
}

// behindPrivate moves the dialled addresses into a private network.
func behindPrivate(ev *probe.Evidence) {
	for i := range run(ev).Dials {
		run(ev).Dials[i].Address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 2, byte(i)}), 443).String()
	}
}

// unshaken stops the run at tls.
func unshaken(kind netfail.TLSKind, issuer probe.ServerIssuer) change {
	return func(ev *probe.Evidence) {
		r := run(ev)
		r.TLS.Failure, r.TLS.Issuer, r.TLS.Root = &netfail.TLSFailure{Kind: kind, Text: "as it was"}, issuer, nil
		r.Clock, r.Opening = nil, nil
		r.Findings = []probe.Finding{{Stage: probe.StageTLS, Outcome: probe.Failed}}
		switch kind {
		case netfail.TLSCut:
			r.End = probe.EndCut
		case netfail.TLSTimeout:
			r.End = probe.EndTimeout
		}
	}
}

func alert(number uint8) change {
	return func(ev *probe.Evidence) {
		unshaken(netfail.TLSAlert, "")(ev)
		run(ev).TLS.Failure.Alert = number
	}
}

// bound compares the clocks by the dates of the server's certificate.
func bound(skew time.Duration) change {
	return func(ev *probe.Evidence) {
		run(ev).Clock = &probe.Clock{Source: probe.ClockCertificate, Skew: skew}
	}
}

func clock(skew time.Duration) change {
	return func(ev *probe.Evidence) { run(ev).Clock.Skew = skew }
}

func noClock(ev *probe.Evidence) { run(ev).Clock = nil }

func startedAt(t time.Time) change { return func(ev *probe.Evidence) { ev.Started = t } }

// shows gives the server a certificate issued by a company.
func shows(ev *probe.Evidence) {
	run(ev).TLS.Peer = []*x509.Certificate{certificate(publicHost, "Plant Gateway")}
}

func issuer(i probe.ServerIssuer) change {
	return func(ev *probe.Evidence) { run(ev).TLS.Issuer = i }
}

func noCertificateRequest(ev *probe.Evidence) {
	run(ev).TLS.ClientCertRequested, run(ev).TLS.ClientCertSent = false, false
}

// also adds a second run, over MQTT, that got as far as a call and was changed from there.
func also(changes ...change) change {
	return func(ev *probe.Evidence) {
		second := *ev
		second.Runs = []probe.Run{reachedRun(probe.MQTT)}
		for _, alter := range changes {
			alter(&second)
		}
		ev.Runs = slices.Concat(ev.Runs, second.Runs)
	}
}

func everyTransport() []probe.TransportID {
	return []probe.TransportID{probe.HTTPS, probe.MQTT, probe.MQTTWS, probe.AMQP, probe.AMQPWS}
}
