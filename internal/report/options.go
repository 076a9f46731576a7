package report

import "github.com/fatih/color"

// Widths of text, in columns.
const (
	DefaultWidth = 80  // where the output is not a terminal
	MaxWidth     = 100 // longer lines are hard to read
	minWidth     = 40  // narrower, and nothing would fit
)

// Options say how text is drawn. The zero value is plain: 80 columns, no colour, Unicode.
type Options struct {
	Width   int  // columns of the terminal; 0 means that the output is not one: DefaultWidth, with the lines of an exchange left whole
	Color   bool // the output understands terminal colours
	ASCII   bool // the output shows ASCII only
	Verbose bool // leave nothing out: facts of stages, exchanges, remedies of unlikely causes, why others are ruled out
	// Attachments are further files of a bundle; other formats ignore them.
	Attachments []Attachment
}

func (o Options) width() int {
	if o.Width <= 0 {
		return DefaultWidth
	}
	return max(minWidth, min(o.Width, MaxWidth))
}

// style is the emphasis or the colour of text.
type style int

const (
	plain style = iota
	strong
	faint
	good
	odd
	bad
	accent
)

// palette returns the terminal colour of every style. Each colour is switched on or off itself:
// the switch of the color package is global and depends on the process's standard output, to
// which this text may not be written.
func palette(enabled bool) map[style]*color.Color {
	colors := map[style]*color.Color{
		plain:  color.New(),
		strong: color.New(color.Bold),
		faint:  color.New(color.Faint),
		good:   color.New(color.FgGreen),
		odd:    color.New(color.FgYellow),
		bad:    color.New(color.FgRed, color.Bold),
		accent: color.New(color.FgCyan),
	}
	for _, c := range colors {
		if enabled {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
	}
	return colors
}

// marks are the signs in front of lines. Those of outcomes are equally wide.
type marks struct {
	passed, warned, failed, skipped, notApplicable string
	bullet, rule, arrow                            string
}

func marksFor(ascii bool) marks {
	if ascii {
		return marks{"[ok]", "[!] ", "[X] ", "[-] ", "[.] ", "-", "-", "->"}
	}
	return marks{"✓", "!", "✗", "–", "·", "·", "─", "→"}
}
