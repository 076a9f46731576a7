package emulator

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// front is the service's interface for its listeners.
type front struct {
	service *service
	log     *slog.Logger
	idle    time.Duration // how long an idle connection stays open if its protocol does not say
}

// intercept returns the refusal that every caller gets, before anything is known about the
// caller; nil if there is none.
func (f *front) intercept() *refusal { return f.service.admit("") }

// pause waits, and reports false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// foreignHTTP is the answer of something between the device and the service that
// understands only HTTP, whatever protocol the device uses.
func foreignHTTP(refused *refusal) []byte {
	answer := http.Response{
		StatusCode: refused.status, ProtoMajor: 1, ProtoMinor: 1, Close: true,
		Header:        http.Header{"Content-Type": {refused.foreign.contentType}},
		ContentLength: int64(len(refused.foreign.text)),
		Body:          io.NopCloser(strings.NewReader(refused.foreign.text)),
	}
	var text bytes.Buffer
	_ = answer.Write(&text) // a write to a buffer cannot fail
	return text.Bytes()
}
