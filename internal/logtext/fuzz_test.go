package logtext_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"dpsdiag/internal/logtext"
)

// logs are the fixtures of the module.
func logs(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "logs", "*.log"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no fixtures: %v", err)
	}
	return files
}

func FuzzScan(f *testing.F) {
	for _, file := range logs(f) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("\xff\xfe{\x00\"\x00"))
	f.Add([]byte("/registrations/ CN= trackingId: errorCode: 40100 \x1b[ \\u12 \\\\\\"))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := scanner.Scan(t.Context(), strings.NewReader(string(text)), "")
		if err != nil {
			return
		}
		lines := found.Inputs[0].Lines
		if lines < 1 || lines > len(text)+1 {
			t.Fatalf("%d lines in %d bytes", lines, len(text))
		}
		for _, place := range places(found) {
			if place.Line < 1 || place.Line > lines {
				t.Fatalf("line %d of %d", place.Line, lines)
			}
		}
		for _, shown := range texts(found) {
			if !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q cannot be shown", shown)
			}
		}
		for i := range found.Matches {
			m := &found.Matches[i]
			if m.Entry == nil || m.Count < len(m.Places) || len(m.Places) == 0 {
				t.Fatalf("match %+v", m)
			}
		}
	})
}

// places are all places in findings.
func places(found *logtext.Findings) []logtext.Place {
	var all []logtext.Place
	for _, list := range [][]logtext.Match{found.Matches, found.Dropped} {
		for _, m := range list {
			all = append(all, m.Places...)
		}
	}
	for _, f := range found.Facts {
		all = append(all, f.Line.Place, f.Last)
	}
	for _, s := range found.Settings {
		all = append(all, s.Place)
	}
	for _, b := range found.Bodies {
		all = append(all, b.Place)
	}
	for _, l := range found.Unmatched {
		all = append(all, l.Place)
	}
	for _, id := range ids(found) {
		all = append(all, id.Place)
	}
	return all
}

// texts are all texts in findings.
func texts(found *logtext.Findings) []string {
	var all []string
	for _, list := range [][]logtext.Match{found.Matches, found.Dropped} {
		for _, m := range list {
			all = append(all, m.Line.Text, m.Phrase)
			all = append(all, m.TrackingIDs...)
		}
	}
	for _, f := range found.Facts {
		all = append(all, f.Line.Text)
	}
	for _, s := range found.Settings {
		all = append(all, s.Key, s.Value)
	}
	for _, b := range found.Bodies {
		all = append(all, b.Message, b.TrackingID, b.Status)
	}
	for _, l := range found.Unmatched {
		all = append(all, l.Text)
	}
	for _, id := range ids(found) {
		all = append(all, id.Value)
	}
	return all
}

func ids(found *logtext.Findings) []logtext.ID {
	var all []logtext.ID
	for _, list := range [][]logtext.ID{
		found.IDs.Scopes, found.IDs.RegistrationIDs, found.IDs.Hubs, found.IDs.Endpoints, found.IDs.TrackingIDs, found.IDs.APIVersions, found.IDs.CommonNames,
	} {
		all = append(all, list...)
	}
	return all
}

// TestMemory: a text of 100 MB needs no more memory than one of a few lines.
func TestMemory(t *testing.T) {
	const size, most = 64 << 20, 32 << 20
	var block strings.Builder
	for _, file := range logs(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		block.Write(text)
		block.WriteString(strings.Repeat("Jun  3 06:00:12 gw app[7]: processed 128 items in 20 ms, nothing to report\n", 1000))
	}
	watch := &memoryWatch{repeater: repeater{text: block.String()}, left: size}
	runtime.GC()
	before := heap()
	if _, err := scanner.Scan(t.Context(), watch, ""); err != nil {
		t.Fatal(err)
	}
	if used := int64(watch.peak) - int64(before); used > most {
		t.Errorf("reading %d MiB took %d MiB of memory, want at most %d", size>>20, used>>20, most>>20)
	}
}

// memoryWatch repeats a text and notes the size of the heap now and then.
type memoryWatch struct {
	repeater
	left  int
	reads int
	peak  uint64
}

func (w *memoryWatch) Read(p []byte) (int, error) {
	if w.left <= 0 {
		return 0, io.EOF
	}
	if w.reads++; w.reads%500 == 0 {
		w.peak = max(w.peak, heap())
	}
	n, err := w.repeater.Read(p[:min(len(p), w.left)])
	w.left -= n
	return n, err
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func BenchmarkNewScanner(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		logtext.NewScanner()
	}
}

func BenchmarkScan(b *testing.B) {
	for name, line := range map[string]string{
		"unrelated": "Jun  3 06:00:12 gw app[7]: processed 128 items in 20 ms, nothing to report\n",
		"dense":     `aziot-identityd[8]: caused by: {"errorCode":401002,"trackingId":"0a1b-2c3d","message":"CA certificate not found."}` + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			text := strings.Repeat(line, 20_000)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := scanner.Scan(b.Context(), strings.NewReader(text), ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
