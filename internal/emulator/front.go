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

// front is the service as its listeners need it.
type front struct {
	service *service
	log     *slog.Logger
	idle    time.Duration // how long a silent connection is kept where its protocol does not say
}

// intercept returns the refusal that every caller meets, before anything is known of it,
// or nil.
func (f *front) intercept() *refusal { return f.service.admit("") }

// pause waits, and reports false when ctx ended before.
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

// foreignHTTP is what something between the device and the service that speaks only HTTP
// writes on a connection, whatever the device speaks there.
func foreignHTTP(refused *refusal) []byte {
	answer := http.Response{
		StatusCode: refused.status, ProtoMajor: 1, ProtoMinor: 1, Close: true,
		Header:        http.Header{"Content-Type": {refused.foreign.contentType}},
		ContentLength: int64(len(refused.foreign.text)),
		Body:          io.NopCloser(strings.NewReader(refused.foreign.text)),
	}
	var text bytes.Buffer
	_ = answer.Write(&text) // a buffer takes everything
	return text.Bytes()
}
