package main

import (
	"bytes"
	"cmp"
	"context"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/logtext"
)

// tellSupport says which of the releases that a device's configuration names, such as in the tags of
// IoT Edge's images, are past their end of support. That does not prevent a registration.
func (o *probeOptions) tellSupport(ctx context.Context, a *app, file *edgeconf.Settings) {
	if file == nil {
		return
	}
	path := cmp.Or(o.target.from, o.target.found)
	text, err := a.readConfig(path)
	if err != nil {
		return // it could be read before; the note is left out
	}
	scanner := logtext.NewScanner()
	scanner.Now = a.now
	found, err := scanner.Scan(ctx, bytes.NewReader(text), path)
	if err != nil {
		return // not a text with anything in it
	}
	for _, n := range advice.Notes(found) {
		tell(a.stderr, "dpsdiag: note: %s: %s", n.Place, n.Text)
	}
}
