//go:build browser

package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"
)

// patience bounds how long the browser may take for one answer.
const patience = time.Minute

// chromium is a browser that takes commands of the Chrome DevTools Protocol
// (chromedevtools.github.io: devtools-protocol) through two pipes, each message ended by a
// zero byte.
type chromium struct {
	t        *testing.T
	commands *os.File
	messages chan message
	session  string    // of the tab
	last     int       // id of the last command
	events   []message // that nobody has taken yet
}

// message is a command, an answer or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
	Session string          `json:"sessionId,omitempty"`
}

// startChromium starts a browser with one tab that reports what it does. It ends with the test.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	forBrowser, commands := pipe(t)
	events, fromBrowser := pipe(t)
	// The sandbox of Chromium does not start as root, which CI is; the pages are our own.
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{forBrowser, fromBrowser} // file descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Chromium (Debian package chromium): %v", err)
	}
	forBrowser.Close()
	fromBrowser.Close()
	c := &chromium{t: t, commands: commands, messages: make(chan message)}
	go c.receive(events)
	t.Cleanup(func() {
		c.session = ""
		c.call("Browser.close", nil, nil)
		for m := range c.messages { // until the browser closes its end
			c.events = append(c.events, m)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("Chromium: %v", err)
		}
	})
	var target struct{ TargetID string }
	c.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	c.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	c.session = attached.SessionID
	for _, domain := range []string{"Page", "Network", "Log", "Runtime"} {
		c.call(domain+".enable", nil, nil)
	}
	return c
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(); _ = w.Close() })
	return r, w
}

// receive hands on what the browser says, until it says no more.
func (c *chromium) receive(from *os.File) {
	defer close(c.messages)
	reader := bufio.NewReader(from)
	for {
		data, err := reader.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(data[:len(data)-1], &m) == nil {
			c.messages <- m
		}
	}
}

// next is the next message of the browser.
func (c *chromium) next(waitsFor string) message {
	c.t.Helper()
	select {
	case m, open := <-c.messages:
		if !open {
			c.t.Fatalf("Chromium ended before %s", waitsFor)
		}
		return m
	case <-time.After(patience):
		c.t.Fatalf("no %s within %s", waitsFor, patience)
	}
	return message{}
}

// call sends a command and waits for its answer.
func (c *chromium) call(method string, params, result any) {
	c.t.Helper()
	c.last++
	command := message{ID: c.last, Method: method, Session: c.session}
	var err error
	if params != nil {
		if command.Params, err = json.Marshal(params); err != nil {
			c.t.Fatal(err)
		}
	}
	data, err := json.Marshal(command)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.commands.Write(append(data, 0)); err != nil {
		c.t.Fatal(err)
	}
	for {
		m := c.next(method)
		switch {
		case m.ID != command.ID:
			c.events = append(c.events, m)
			continue
		case m.Error != nil:
			c.t.Fatalf("%s: %s", method, m.Error)
		case result != nil:
			if err := json.Unmarshal(m.Result, result); err != nil {
				c.t.Fatalf("%s: %v", method, err)
			}
		}
		return
	}
}

// open opens a page and returns the events until it is loaded.
func (c *chromium) open(url string) []message {
	c.t.Helper()
	c.events = nil
	c.call("Page.navigate", map[string]any{"url": url}, nil)
	for !c.happened("Page.loadEventFired") {
		c.events = append(c.events, c.next("loaded page"))
	}
	c.evaluate("0", nil) // what was on its way has come
	return c.events
}

func (c *chromium) happened(method string) bool {
	for _, m := range c.events {
		if m.Method == method {
			return true
		}
	}
	return false
}

// evaluate evaluates an expression in the page.
func (c *chromium) evaluate(expression string, value any) {
	c.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	c.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		c.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	if value == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, value); err != nil {
		c.t.Fatalf("%s: %v", expression, err)
	}
}
