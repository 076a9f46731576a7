package logtext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// divided returns a scanner that divides the work in that way.
func divided(d division) *Scanner {
	s := NewScanner()
	s.Now = func() time.Time { return time.Date(2025, time.June, 1, 12, 0, 0, 0, time.UTC) }
	s.division = d
	return s
}

// awkwardTexts are texts of which much depends on where they are cut.
func awkwardTexts() map[string]string {
	const message = `May 1 08:00:00 gw aziot-identityd[1]: {"errorCode":401002,"trackingId":"0a1b-2c3d","message":"CA certificate not found."}`
	long := strings.Repeat("x.", maxPiece/2)
	return map[string]string{
		"CR LF":                      strings.ReplaceAll(message+"\n\nmay follow\n"+message+"\n", "\n", "\r\n"),
		"a lone CR":                  message + "\r\r\n\r" + message,
		"no line end":                message,
		"an empty last line":         message + "\n\n",
		"line ends only":             "\n\r\n\n",
		"white space only":           " \n\t\r\n",
		"nothing":                    "",
		"a message over two lines":   "dps: CA certificate\nnot found.\ndps: HTTP status code:\n429\n",
		"a message over two strings": `{"log":"dps: CA certificate\\nnot found. errorCode: 4042\\n01"}` + "\n" + message,
		"a device's name":            "dps: registered\ngw-21\nassigned to hub\n" + message,
		"a long line":                long + message + long,
		"a line as long as a piece":  message + "\n" + long + "\n" + message,
		"a line that is longer by 1": message + "\n" + long + "y\n" + message,
		"a piece that ends in CR":    long[1:] + "\r" + message + "\r\n" + message,
		"a message between pieces":   long[:maxPiece-len(message)/2] + message + long + "\n" + message,
		"a message before its piece": long[:maxPiece-overlap-len(message)/2] + message + long,
		"a string between pieces":    long[:maxPiece-4] + `\\\\n` + message + long,
		"several programs":           message + "\n" + strings.ReplaceAll(message, "gw ", "gw other-") + "\n" + strings.Repeat("noise\n", 200) + message,
	}
}

// divisions are ways to divide the work.
func divisions() []division {
	return []division{
		{size: 1, alone: 1, workers: 1},
		{size: 1, alone: 1, workers: 3},
		{size: 7, alone: 2, workers: 2},
		{size: 100, alone: 1, workers: 8},
		{size: 5000, alone: 1, workers: 2},
		{size: maxPiece, alone: 1, workers: 2},
	}
}

// checkDivision checks that a text has the same findings however the work is divided, and however the
// text comes.
func checkDivision(t *testing.T, text string, d division) {
	t.Helper()
	want, wantErr := divided(division{size: maxPiece, alone: 1, workers: 1}).Scan(t.Context(), strings.NewReader(text), "name")
	for name, source := range map[string]io.Reader{
		"at once":       strings.NewReader(text),
		"by halves":     iotest.HalfReader(strings.NewReader(text)),
		"end with data": iotest.DataErrReader(strings.NewReader(text)),
	} {
		got, err := divided(d).Scan(t.Context(), source, "name")
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%+v, %s: the error is %v, want %v", d, name, err, wantErr)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %s: found\n%+v\nwant\n%+v", d, name, got, want)
		}
	}
}

func TestDivision(t *testing.T) {
	t.Parallel()
	texts := awkwardTexts()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "logs", "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(text)
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, d := range divisions() {
				checkDivision(t, text, d)
			}
		})
	}
}

func FuzzDivision(f *testing.F) {
	for _, text := range awkwardTexts() {
		f.Add(text, uint16(100), uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, size uint16, workers uint8) {
		checkDivision(t, text, division{size: int(size) + 1, alone: 1, workers: int(workers)%4 + 1})
	})
}

// TestDivisionFailure: an error of reading is returned by any number of workers, and so is that of the
// context.
func TestDivisionFailure(t *testing.T) {
	t.Parallel()
	failure := errors.New("the disk is gone")
	text := strings.Repeat("May 1 08:00:00 gw app[1]: connection refused\n", 500)
	for _, d := range divisions() {
		if d.size == maxPiece {
			continue
		}
		_, err := divided(d).Scan(t.Context(), io.MultiReader(strings.NewReader(text), iotest.ErrReader(failure)), "")
		if !errors.Is(err, failure) {
			t.Errorf("%+v: the error is %v, want that of reading", d, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		source := io.MultiReader(strings.NewReader(text), cancelReader{func() { cancel(failure) }}, strings.NewReader(text))
		if _, err := divided(d).Scan(ctx, source, ""); !errors.Is(err, failure) {
			t.Errorf("%+v: the error is %v, want that of the context", d, err)
		}
		cancel(nil)
	}
}

// cancelReader is an empty text that cancels when it is read.
type cancelReader struct{ cancel func() }

func (c cancelReader) Read([]byte) (int, error) {
	c.cancel()
	return 0, io.EOF
}
