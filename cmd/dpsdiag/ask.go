package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

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

// interactive reports whether a person can be asked and sees the question.
func (a *app) interactive() bool {
	_, reads := a.terminal(a.stdin)
	_, sees := a.terminal(a.stderr)
	return reads && sees
}

// confirm asks a question; anything but y or yes is no.
func (a *app) confirm(question string) (bool, error) {
	if _, err := fmt.Fprintf(a.stderr, "%s [y/N] ", report.Clean(question)); err != nil {
		return false, err
	}
	const longest = 256
	line, err := bufio.NewReader(io.LimitReader(a.stdin, longest)).ReadString('\n')
	if err != nil && err != io.EOF {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
