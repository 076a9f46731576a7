package probe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/dps"
)

func passed(format string, args ...any) Finding { return finding(Passed, format, args...) }
func warned(format string, args ...any) Finding { return finding(Warned, format, args...) }
func failed(format string, args ...any) Finding { return finding(Failed, format, args...) }

func finding(o Outcome, format string, args ...any) Finding {
	return Finding{Outcome: o, Detail: fmt.Sprintf(format, args...)}
}

// with adds a fact unless it is empty.
func (f Finding) with(name, value string) Finding {
	if value != "" {
		f.Facts = append(f.Facts, Fact{name, value})
	}
	return f
}

func joinAll(list []string) string { return strings.Join(list, ", ") }

// joinWords joins the texts that are not empty.
func joinWords(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// joinSome keeps a line short: one entry and the number of others.
func joinSome(list []string) string {
	if len(list) < 3 {
		return joinAll(list)
	}
	return fmt.Sprintf("%s and %d more", list[0], len(list)-1)
}

// answerFinding adds the facts of an answer to a finding.
func answerFinding(f Finding, a Answer) Finding {
	f = f.with("http-status", nonZero(a.Status)).with("condition", a.Condition).withError(a.Body.Error).with("error-header", a.headerError())
	if a.RetryAfter != nil {
		f = f.with("retry-after", a.RetryAfter.Text)
	}
	if a.Body.Excerpt != "" {
		f = f.with("body", a.Body.Excerpt)
	}
	if a.Unacknowledged {
		f = f.with("acknowledged", "no")
	}
	return f.with("stray-answers", nonZero(a.Strays)).with("request-id", a.RequestID).with("redirect", a.Location).with("server", a.Server)
}

// withError adds the facts of an error body, if there is one.
func (f Finding) withError(e *dps.ServiceError) Finding {
	if e == nil {
		return f
	}
	return f.with("error-code", nonZero(e.ErrorCode)).with("message", e.Message).with("tracking-id", e.TrackingID)
}

func nonZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
