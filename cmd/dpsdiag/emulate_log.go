package main

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// callLog writes the log of the emulator as text, one line for each call and each accepted or
// refused connection: "03:22:58 https register sensor-17 → 401002: signed with neither key".
type callLog struct {
	out   *callLogOutput
	arrow string
	attrs []slog.Attr
}

// callLogOutput is the output that all loggers of an emulator share.
type callLogOutput struct {
	mu sync.Mutex
	io.Writer
	// lost is called when a line cannot be written.
	lost func()
}

// newCallLog returns a logger that writes to standard error, or nowhere with -q.
func newCallLog(a *app, lost func()) *slog.Logger {
	if a.global.quiet {
		return slog.New(slog.DiscardHandler)
	}
	arrow := " → "
	if a.textOptions().ASCII {
		arrow = " -> "
	}
	return slog.New(&callLog{out: &callLogOutput{Writer: a.stderr, lost: lost}, arrow: arrow})
}

// Enabled implements slog.Handler.
func (*callLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// WithAttrs implements slog.Handler.
func (l *callLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	further := *l
	further.attrs = slices.Concat(l.attrs, attrs)
	return &further
}

// WithGroup implements slog.Handler. The lines do not show the names of groups.
func (l *callLog) WithGroup(string) slog.Handler { return l }

// Handle implements slog.Handler.
func (l *callLog) Handle(_ context.Context, r slog.Record) error {
	facts := map[string]string{}
	note := func(a slog.Attr) bool {
		facts[a.Key] = a.Value.String()
		return true
	}
	for _, a := range l.attrs {
		note(a)
	}
	r.Attrs(note)
	line := r.Time.Format(time.TimeOnly) + " " + l.text(r.Message, facts)
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	_, err := io.WriteString(l.out, report.Clean(hideKeys(line))+"\n")
	if err != nil {
		l.out.lost()
	}
	return err
}

// text describes a call or a connection: the transport, the operation and the device, then the result.
func (l *callLog) text(message string, facts map[string]string) string {
	who := words(facts["transport"], callName(message, facts), cmp.Or(facts["registration_id"], facts["device_id"], facts["request"]))
	switch message {
	case emulator.LogCall:
		return who + l.arrow + callResult(facts)
	case emulator.LogRefused:
		return who + l.arrow + colon(facts["with"], facts["why"])
	case emulator.LogAccepted:
		return who + l.arrow + "accepted"
	}
	return colon(message, facts["error"])
}

// callName returns the name of the operation in the log.
func callName(message string, facts map[string]string) string {
	switch operation := facts["operation"]; {
	case operation == "status":
		return "poll"
	case operation != "":
		return operation
	case facts["device_id"] != "":
		return "hub"
	case message == emulator.LogRefused:
		return "connect"
	}
	return "request"
}

// callResult describes the answer to a call.
func callResult(facts map[string]string) string {
	var text string
	switch code := facts["error_code"]; {
	case facts["reason"] == "tpm-challenge":
		text = "challenged: the TPM has to prove itself"
	case facts["why"] != "" && facts["result"] == "":
		if code == "" || code == "0" {
			code = facts["status"]
		}
		text = colon(code, facts["why"])
	case facts["hub"] != "":
		text = facts["result"] + " to " + facts["hub"]
	case code != "":
		text = colon(words(facts["result"], code), facts["why"])
	case facts["result"] != "":
		text = facts["result"]
	case strings.HasPrefix(facts["status"], "2"):
		text = "accepted"
	default:
		text = facts["status"]
	}
	if how := facts["delivery"]; how != "" {
		text += " (a fault: the answer is " + deliveryWord(how) + ")"
	}
	return text
}

func deliveryWord(how string) string {
	switch how {
	case "duplicate":
		return "sent twice"
	case "other":
		return "sent after one to another request"
	}
	return how // cut, late
}

// words joins the words that are not empty.
func words(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(w string) bool { return w == "" }), " ")
}

// colon joins two texts with a colon, if the second is not empty.
func colon(head, rest string) string {
	if rest == "" {
		return head
	}
	return head + ": " + rest
}
