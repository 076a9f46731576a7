package main

import (
	"context"
	"os"

	"golang.org/x/term"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/report"
)

// askOnTerminal asks for a secret on standard error and reads it from the terminal that
// standard input is, without showing it. A signal to end leaves the terminal as it was.
func askOnTerminal(ctx context.Context, prompt string) (dps.Secret, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return dps.Secret{}, err
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	// If nobody sees the question, the answer is still read.
	_, _ = os.Stderr.WriteString(report.Clean(prompt))
	defer os.Stderr.WriteString("\n") //nolint:errcheck // as above
	go func() {                       // reading from a terminal cannot be cut short
		text, err := term.ReadPassword(fd)
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		return dps.NewSecret(string(a.text)), a.err
	case <-ctx.Done():
		_ = term.Restore(fd, before) // the program ends
		return dps.Secret{}, exitError(report.ExitInterrupted)
	}
}
