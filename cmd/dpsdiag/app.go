package main

import (
	"cmp"
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/report"
)

// app is what commands use of the process and the system: streams, environment, clock, signals.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookupEnv      func(string) (string, bool)
	// terminal returns the width of a stream in columns; ok is false if it is not a terminal.
	terminal func(stream any) (columns int, ok bool)
	// askSecret asks the person at the terminal that stdin is, without showing the answer.
	askSecret func(ctx context.Context, prompt string) (dps.Secret, error)
	now       func() time.Time
	// disk is where reports, keys and certificates are written.
	disk atomicfile.Disk
	// readConfig reads the files of a device's configuration.
	readConfig func(path string) ([]byte, error)
	// deviceConfigs are where a device has its configuration; the first that exists is used.
	deviceConfigs []string
	// deviceInfo is where the identity service keeps the assignment of the device.
	deviceInfo string
	// interruptible returns a context that a signal to end cancels.
	interruptible func(context.Context) (context.Context, context.CancelFunc)
	// interruptibleTwice returns a context that a first signal to end cancels and one that a
	// second does. Until stop is called no signal ends the program, and a write to a closed pipe
	// returns an error instead of a signal.
	interruptibleTwice func(context.Context) (first, second context.Context, stop context.CancelFunc)
	// startSandbox starts the emulator of --sandbox.
	startSandbox sandboxStarter

	global globalOptions
	// helpUnwritten is why a help could not be written: the functions of cobra return no error.
	helpUnwritten error
}

// Where a device has its configuration: that of IoT Edge 1.2 and later or of the identity
// service, and that of IoT Edge 1.1.
const (
	usualConfig = "/etc/aziot/config.toml"
	oldConfig   = "/etc/iotedge/config.yaml"
)

// globalOptions are the flags of every command.
type globalOptions struct {
	output  []string // as given with -o
	noColor bool
	ascii   bool
	quiet   bool
}

// realWorld is the app with the streams and the system of this process. It also turns off package
// log: package net/http logs what a server sends unasked, and that may contain the token.
func realWorld() *app {
	log.SetOutput(io.Discard)
	return &app{
		stdin:              os.Stdin,
		stdout:             os.Stdout,
		stderr:             os.Stderr,
		lookupEnv:          os.LookupEnv,
		terminal:           terminalColumns,
		disk:               atomicfile.System{},
		readConfig:         edgeconf.ReadFile,
		deviceConfigs:      []string{usualConfig, oldConfig},
		deviceInfo:         usualDeviceInfo,
		askSecret:          askOnTerminal,
		now:                time.Now,
		interruptible:      untilSignal,
		interruptibleTwice: untilTwoSignals,
		startSandbox:       startSandbox,
	}
}

// untilSignal returns a context that ends with the first Ctrl-C or SIGTERM, or when the
// terminal is closed, so that the program can print what it learned. From then on a second
// signal ends the program at once.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, endSignals()...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// endSignals are the signals that ask the program to end.
func endSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup makes the program ignore it
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// untilTwoSignals is interruptibleTwice of the real world.
func untilTwoSignals(parent context.Context) (first, second context.Context, stop context.CancelFunc) {
	first, endFirst := context.WithCancel(parent)
	second, endSecond := context.WithCancel(context.WithoutCancel(parent))
	received := make(chan os.Signal, 2)
	signal.Notify(received, endSignals()...)
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		for _, end := range []context.CancelFunc{endFirst, endSecond} {
			select {
			case <-received:
				end()
			case <-second.Done():
				return
			}
		}
	}()
	return first, second, func() {
		signal.Stop(received)
		signal.Reset(syscall.SIGPIPE)
		endFirst()
		endSecond()
	}
}

// endInterruptedLine ends the line in which a terminal shows ^C, if ctx was interrupted.
func (a *app) endInterruptedLine(ctx context.Context) {
	if ctx.Err() == nil {
		return
	}
	for _, stream := range []io.Writer{a.stderr, a.stdout} {
		if _, terminal := a.terminal(stream); terminal {
			tell(stream, "")
			return
		}
	}
}

// sayIfSlow says on standard error what takes longer than a duration, unless -q is given. The caller
// calls done when it has ended.
func (a *app) sayIfSlow(after time.Duration, format string, args ...any) (done func()) {
	if a.global.quiet {
		return func() {}
	}
	notice := time.AfterFunc(after, func() { tell(a.stderr, "dpsdiag: "+format, args...) })
	return func() { notice.Stop() }
}

// terminalColumns reports whether a stream is a terminal, and its width.
func terminalColumns(stream any) (int, bool) {
	file, ok := stream.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns <= 0 { // a terminal without a known size
		columns = report.DefaultWidth
	}
	return columns, true
}

func (a *app) getenv(name string) string {
	value, _ := a.lookupEnv(name)
	return value
}

// textOptions are how text is drawn on standard output.
func (a *app) textOptions() report.Options {
	columns, terminal := a.terminal(a.stdout)
	return report.Options{
		Width: columns,
		Color: terminal && !a.global.noColor && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb",
		ASCII: a.global.ascii || !a.showsUnicode(),
	}
}

// showsUnicode reports whether the locale's character set is UTF-8. The first variable
// that is set decides, as POSIX has it (XBD 8.2); none set is the C locale. Windows has
// no such variables, and its consoles show Unicode.
func (a *app) showsUnicode() bool {
	if runtime.GOOS == "windows" {
		return true
	}
	locale := strings.ToLower(cmp.Or(a.getenv("LC_ALL"), a.getenv("LC_CTYPE"), a.getenv("LANG")))
	return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
}
