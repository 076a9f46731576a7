package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// TestReplyOfARefusedOpening: what the service says when it refuses AMQP at OPEN is in the
// reply, as what it says to a call is.
func TestReplyOfARefusedOpening(t *testing.T) {
	t.Parallel()
	body := dps.ParseBody([]byte(`{"errorCode":401002,"trackingId":"t-7","message":"Unauthorized"}`))
	run := probe.Run{Transport: probe.AMQP, Opening: &probe.Opening{
		Layer: probe.LayerAMQPOpen, Condition: "amqp:unauthorized-access", Refusal: "OPEN refused", Body: body,
	}}
	want := Reply{ErrorCode: 401002, ErrorMessage: "Unauthorized", TrackingID: "t-7", HTTPStatus: 401}
	got := newRun(&run, advice.Fault).Reply
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Reply{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	run.Opening = &probe.Opening{Layer: probe.LayerWebSocket, Status: 403, Refusal: "403", Body: dps.ParseBody([]byte("<html>"))}
	if got := newRun(&run, advice.Fault).Reply; got.HTTPStatus != 0 {
		t.Errorf("the page of a proxy is shown as an answer of the service: %+v", got)
	}
}

// TestNotRegisteredYet: a lookup that finds no registration is not a device that does not
// provision.
func TestNotRegisteredYet(t *testing.T) {
	t.Parallel()
	doc := NewProbe(&probe.Evidence{}, advice.Diagnosis{Verdict: advice.NoVerdict, Unregistered: true}, Tool{}, false)
	if got := doc.verdictText(); got != "not registered yet: the service knows no registration of this device" || doc.ExitCode != ExitNoVerdict {
		t.Errorf("exit status %d: %s", doc.ExitCode, got)
	}
}
