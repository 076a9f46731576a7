package dps

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParseKeyRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "empty",
		" \n":                             "empty",
		"abc":                             "not a multiple of 4",
		"ab_d":                            "URL alphabet",
		"ab cd":                           "white space inside",
		"ab?d":                            "illegal character at position 3",
		"c2hvcnQ=":                        "5 bytes",
		strings.Repeat("AAAA", 22):        "66 bytes",
		"-----BEGIN CERTIFICATE-----":     "PEM",
		"HostName=x;SharedAccessKey=YWJj": "connection string",
		"SharedAccessSignature sr=x":      "SAS token",
		strings.Repeat("\xa7\x01", 16):    "a binary key of 32 bytes",
		strings.Repeat("k\x01", 8) + "\n": "a binary key of 17 bytes",
	} {
		if _, err := ParseKey(NewSecret(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseKey(%q) = %v, want an error with %q", text, err, want)
		}
	}
}

func TestParseKeyDropsSurroundingWhiteSpace(t *testing.T) {
	if key := mustKey(t, "\t"+exampleGroupKey+"\r\n"); key.Size() != GeneratedKeySize {
		t.Errorf("size = %d, want %d", key.Size(), GeneratedKeySize)
	}
}

// TestSecretsDoNotPrint formats a secret and a key in every way of the standard library.
func TestSecretsDoNotPrint(t *testing.T) {
	key := mustKey(t, exampleGroupKey)
	type holder struct{ secret any } // fmt calls no method of what is in an unexported field
	for name, value := range map[string]any{
		"Secret": key.Text(), "Key": key, "a holder of a Secret": holder{key.Text()}, "a Secret as a name": map[Secret]int{key.Text(): 1},
	} {
		encoded, err := json.Marshal(map[string]any{"v": value})
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", value)
		for _, out := range []string{fmt.Sprint(value), fmt.Sprintf("%v %+v %s %q", value, value, value, value), fmt.Sprintf("%#v", value), fmt.Sprintf("%d %x", value, value), string(encoded), log.String()} {
			if strings.Contains(out, exampleGroupKey[:12]) || strings.Contains(out, string(key.bytes[:8])) {
				t.Errorf("%s shows itself in %s", name, out)
			}
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(exampleGroupKey)
	f.Add("YWJj")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseKey(NewSecret(text))
		if err != nil {
			if key.Size() != 0 {
				t.Error("an error came with a key")
			}
			return
		}
		again, err := ParseKey(key.Text())
		if err != nil || string(again.bytes) != string(key.bytes) {
			t.Errorf("the key does not print back to itself: %v", err)
		}
	})
}
