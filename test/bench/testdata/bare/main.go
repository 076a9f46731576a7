// Command bare is the least that can register devices over HTTPS: a handler of net/http that answers
// each register call and each poll with a constant. It prints its address.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// The answers of the service to a register call and to the poll after it.
const (
	accepted = `{"operationId":"4.0bdadb0c47c2d6b4.4a081f01-f5f2-4d1c-87c5-af533f1a3958","status":"assigning"}`
	assigned = `{"operationId":"4.0bdadb0c47c2d6b4.4a081f01-f5f2-4d1c-87c5-af533f1a3958","status":"assigned",` +
		`"registrationState":{"registrationId":"dev","assignedHub":"contoso.azure-devices.net","deviceId":"dev","status":"assigned"}}`
)

func main() {
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(certFile, keyFile string) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if _, err := fmt.Fprintln(os.Stdout, listener.Addr()); err != nil {
		return fmt.Errorf("print the address: %w", err)
	}
	server := http.Server{
		Handler: http.HandlerFunc(answer), ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert, SessionTicketsDisabled: true},
	}
	if err := server.ServeTLS(listener, certFile, keyFile); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func answer(w http.ResponseWriter, r *http.Request) {
	status, text := http.StatusOK, assigned
	if r.Method == http.MethodPut {
		_, _ = io.Copy(io.Discard, r.Body) // what a device sends does not matter
		status, text = http.StatusAccepted, accepted
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client may be gone
}
