//go:build unix

package main

import (
	"bufio"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dpsdiag/internal/report"
)

// TestAnUnaskedAnswerIsNotQuoted: an answer without a request, whose beginning package net/http
// would log, is not on standard error.
func TestAnUnaskedAnswerIsNotQuoted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.StartTLS()
	defer server.Close()
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX-Unasked: %s\r\n\r\n", r.Header.Get("Authorization"))
		_, _ = io.Copy(io.Discard, bufio.NewReader(conn)) // until the device closes the connection
	})
	for name, text := range map[string]string{
		"ca.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
		"key":    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := startProcess(t, "probe", "--endpoint", server.Listener.Addr().String(), "--id-scope", "0ne0045B3C6", "--registration-id", "dev-01",
		"--ca-file", filepath.Join(dir, "ca.pem"), "--key-file", filepath.Join(dir, "key"), "-q")
	told, err := io.ReadAll(p.err)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	if strings.Contains(string(told), "nsolicited") || strings.Contains(string(told), "SharedAccess") || p.ProcessState.ExitCode() != report.ExitFault {
		t.Errorf("exit status %d, standard error %q", p.ProcessState.ExitCode(), told)
	}
}
