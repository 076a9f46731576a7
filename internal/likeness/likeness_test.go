package likeness

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"dpsdiag/internal/cause"
)

// TestDefault: the model in the program opens, has a class for every cause and for no cause, and is
// not larger than promised.
func TestDefault(t *testing.T) {
	t.Parallel()
	m := Default()
	if m == nil {
		t.Fatal("the model does not open")
	}
	for _, id := range append(cause.All(), cause.None) {
		if !slices.Contains(m.classes, id) {
			t.Errorf("no class for %q", id)
		}
	}
	if len(modelData) > 1<<20 {
		t.Errorf("the model has %d bytes", len(modelData))
	}
	if len(m.precedents.reports) < 200 {
		t.Errorf("%d precedents", len(m.precedents.reports))
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	lines := []string{"Connecting to global.azure-devices-provisioning.net", "getaddrinfo ENOTFOUND global.azure-devices-provisioning.net: name resolution failed"}
	r := Default().Read(lines)
	dns := r.Score(cause.DNSFailure)
	for _, id := range cause.All() {
		if s := r.Score(id); id != cause.DNSFailure && id != cause.WrongGlobalEndpoint && s.Whole > dns.Whole {
			t.Errorf("%s %.3f, dns-failure %.3f", id, s.Whole, dns.Whole)
		}
	}
	why, ok := r.Reason(cause.DNSFailure)
	if !ok || why.Line != 1 || len(why.Words) == 0 {
		t.Fatalf("reason %+v, %t", why, ok)
	}
	for _, w := range why.Words {
		if !strings.Contains(lines[why.Line], w) {
			t.Errorf("the word %q is not in the line", w)
		}
	}
}

// TestNothing: no model, no lines and unknown words are not evidence.
func TestNothing(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*Reading{"no model": nil, "no reading": {}, "no lines": Default().Read(nil), "unknown": Default().Read([]string{"xyzzy plugh"})} {
		if r.Seen() > 0 {
			t.Errorf("%s: %d known words", name, r.Seen())
		}
		if _, ok := r.Reason(cause.Throttled); ok {
			t.Errorf("%s: a reason", name)
		}
		if p := r.Precedents(cause.Throttled, 3); len(p) > 0 {
			t.Errorf("%s: precedents %v", name, p)
		}
	}
}

func TestPrecedents(t *testing.T) {
	t.Parallel()
	const text = "DPS operation failed: CA certificate not found"
	m := *Default()
	packed, err := PackPrecedents(&m, []Precedent{
		{Source: "https://example.com/1", Cause: cause.CertChainIncomplete, CauseText: "No intermediate.", FixText: "Send it.", Text: text},
		{Source: "https://example.com/2", Cause: cause.CertChainIncomplete, CauseText: "Something else.", Text: "the printer is out of paper today"},
		{Source: "https://example.com/3", Cause: cause.Throttled, CauseText: "Another cause.", Text: text},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.precedents = openPrecedents(string(packed))
	got := m.Read([]string{text}).Precedents(cause.CertChainIncomplete, 3)
	if len(got) != 1 || got[0].Source != "https://example.com/1" || got[0].FixText != "Send it." {
		t.Errorf("precedents %+v", got)
	}
	if cut := openPrecedents(string(packed[:len(packed)-1])); len(cut.reports) != 2 {
		t.Errorf("%d reports of damaged bytes", len(cut.reports))
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"PROV_DEVICE_RESULT_DEV_AUTH_ERROR":             "prov devic result dev auth error",
		"certChain TLSHandshake":                        "cert chain tls handshak",
		"error -9984 0x2700 404201":                     "error -9984 0x2700 404201",
		"id 701c9c8f-e467-47d8-8a01-c805a19ab22a at 12": "id e467 at",
		"x509 sha256":                                   "x509 sha256",
		"Can't connect, isn't up; isn'table":            "cant connect isnt up isn tabl",
		"":                                              "",
	} {
		var got []string
		for _, w := range words(line) {
			got = append(got, w.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", line, strings.Join(got, " "), want)
		}
	}
}

// TestUnify: synonyms become one word for their class, the longest phrase first, at the place of the
// phrase. Other words stay.
func TestUnify(t *testing.T) {
	t.Parallel()
	s := openSynonyms(PackSynonyms(func(yield func(string, []string) bool) {
		_ = yield("fail", []string{"fail", "failed", "could not", "can't"}) && yield("not-found", []string{"could not find", "no such", "missing in a very long phrase"}) && yield("other", []string{"no such"})
	}))
	for line, want := range map[string]string{
		"The connection failed: it could not open": "the connection =0@15 it =0@26 open",
		"could not find the key":                   "=1@0 the key",
		"no such file, can't go":                   "=1@0 file =0@14 go",
		"could":                                    "could",
		"":                                         "",
	} {
		var got []string
		for _, w := range s.unify(words(line)) {
			if isClass(w) {
				w.text += "@" + strconv.Itoa(w.start)
			}
			got = append(got, w.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", line, strings.Join(got, " "), want)
		}
	}
}

// TestOtherWords: a text is like the same text in other words.
func TestOtherWords(t *testing.T) {
	t.Parallel()
	m := Default()
	for _, pair := range [][2]string{
		{"Error: could not find the certificate file", "Problem: the certificate file is missing"},
		{"host lookup failed", "host lookup went wrong"},
	} {
		a, b := m.vector(m.synonyms.counts(pair[0])), m.vector(m.synonyms.counts(pair[1]))
		shared := 0
		for _, at := range a.at {
			if slices.Contains(b.at, at) {
				shared++
			}
		}
		own := 0
		for f := range (synonyms{}).counts(pair[0]) {
			if _, too := (synonyms{}).counts(pair[1])[f]; too {
				own++
			}
		}
		if shared <= own {
			t.Errorf("%q: %d features in common, %d without synonyms", pair, shared, own)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(modelData[:400])
	f.Add("")
	f.Fuzz(func(_ *testing.T, data string) {
		if m, err := Open(data); err == nil {
			m.Read([]string{"certificate verify failed"})
		}
		openPrecedents(data)
	})
}

func FuzzRead(f *testing.F) {
	f.Add("Failed: 0x\xff-1 ÄÖ camelCase_and\x00more")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		r := Default().Read(lines)
		for _, id := range cause.All() {
			if why, ok := r.Reason(id); ok && why.Line >= len(lines) {
				t.Errorf("line %d of %d", why.Line, len(lines))
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	lines := strings.Split(strings.Repeat("2026-03-02T09:11:40Z [ERR!] - Could not connect to the service: certificate verify failed\n", 10), "\n")
	m := Default()
	b.ReportAllocs()
	for b.Loop() {
		m.Read(lines)
	}
}
