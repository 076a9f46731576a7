// Command real asks a real instance of the device provisioning service the questions that the public
// documents leave open, and writes what it answered as JSON.
//
//	go run ./test/real [-o real.json]
//
// Its input are environment variables; docs/real.md describes them, and what each answer would change.
// The devices that the variables name are registered, as a probe does. Nothing else is created, changed
// or removed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	var o options
	flag.StringVar(&o.out, "o", "real.json", "`file` to write the answers to")
	flag.BoolVar(&o.page, "page", false, "print the part of docs/real.md that is made from the program, and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, o, os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

type options struct {
	out  string
	page bool
}

// Exit statuses, as those of dpsdiag.
const (
	exitDone        = 0
	exitUnwritten   = 1
	exitUsage       = 2
	exitNoAnswer    = 3
	exitInterrupted = 130
)

func run(ctx context.Context, o options, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	if o.page {
		tell(stdout, "%s", page())
		return exitDone
	}
	s, err := readSettings(ctx, lookup)
	if err != nil {
		tell(stderr, "real: %v\nNothing was sent. docs/real.md describes the variables.\n", err)
		return exitUsage
	}
	file, err := os.OpenFile(o.out, os.O_WRONLY|os.O_CREATE, 0o600) // before anything is sent
	if err != nil {
		tell(stderr, "real: %v\nNothing was sent.\n", err)
		return exitUsage
	}
	r := newRecorder(s, stderr)
	result := r.record(ctx)
	if err := write(file, result, r.redact); err != nil {
		tell(stderr, "real: %v\n", err)
		return exitUnwritten
	}
	result.print(stdout)
	tell(stdout, "\nWritten to %s. Look at it before you send it: it names hosts, devices and the id scope.\n", o.out)
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case !r.answered:
		return exitNoAnswer
	}
	return exitDone
}

// tell writes to standard error. An error is ignored, since there is no place to report it.
func tell(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

// write replaces the content of the file by the result, with a last look for secrets in all of it.
func write(file *os.File, result *Result, redact func(string) string) error {
	data, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the answers: %w", err)
	}
	clean := redact(string(data))
	if !json.Valid([]byte(clean)) {
		return errors.New("the answers have a secret in them that cannot be removed; nothing was written")
	}
	_, err = file.WriteString(clean + "\n")
	if err := errors.Join(err, file.Truncate(int64(len(clean)+1)), file.Close()); err != nil {
		return fmt.Errorf("write the answers: %w", err)
	}
	return nil
}
