package advice

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dpsdiag/internal/corpus"
	"dpsdiag/internal/likeness"

	"dpsdiag/internal/logtext"
)

// endedText is a text whose end is known; see testdata/healthy/README.md.
type endedText struct {
	ID       string               `json:"id"`
	State    logtext.OutcomeState `json:"state"`
	Hub      string               `json:"assigned_hub"`
	DeviceID string               `json:"device_id"`
	Input    string               `json:"input"`
}

func endedTexts(t *testing.T, files ...string) []endedText {
	t.Helper()
	var all []endedText
	for _, file := range files {
		data, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			t.Fatal(err)
		}
		var texts []endedText
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, texts...)
	}
	return all
}

// TestHealthy: the outcome of a text is found. A text that ended well, or that has nothing to do with
// a device, gets nothing else.
func TestHealthy(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/healthy/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no texts")
	}
	count := map[logtext.OutcomeState]int{}
	for _, text := range endedTexts(t, files...) {
		count[text.State]++
		t.Run(text.ID, func(t *testing.T) {
			t.Parallel()
			found := findings(t, text.Input)
			got := endedText{text.ID, found.Outcome.State, found.Outcome.Hub, found.Outcome.DeviceID, text.Input}
			if got != text {
				t.Errorf("%s %q %q, want %s %q %q", got.State, got.Hub, got.DeviceID, text.State, text.Hub, text.DeviceID)
			}
			if text.State == logtext.OutcomeUnfinished {
				return // nothing ended well yet, so causes may be named as possible
			}
			d := DiagnoseText(found, likeness.Default())
			for i := range d.Causes {
				t.Errorf("cause %s: %s", d.Causes[i].ID, d.Causes[i].Because)
			}
		})
	}
	if count[logtext.OutcomeRegistered] < 40 || count[logtext.OutcomeRecovered] < 15 || count[logtext.OutcomeUnfinished] < 10 || count[logtext.OutcomeUnknown] < 20 {
		t.Errorf("too few texts: %v", count)
	}
}

// TestNoUnfinishedIsProven: an attempt that has not ended yet proves and suggests nothing.
func TestNoUnfinishedIsProven(t *testing.T) {
	t.Parallel()
	for _, text := range endedTexts(t, "../../testdata/healthy/unfinished.json") {
		for _, c := range DiagnoseText(findings(t, text.Input), likeness.Default()).Causes {
			if c.Strength > Allows {
				t.Errorf("%s: %s %s", text.ID, c.ID, c.Strength)
			}
		}
	}
}

// TestFailuresAreNotSilenced: no report of a failure is called registered. This matters most: it would
// hide the cause.
func TestFailuresAreNotSilenced(t *testing.T) {
	t.Parallel()
	for _, r := range reports(t) {
		found := findings(t, r.Input)
		if known := r.ID == "cd-070"; found.Outcome.Good() != known { // the record of a registration that went well
			t.Errorf("%s: %s: %q", r.ID, found.Outcome.State, found.Outcome.Line.Text)
		}
	}
	logs, err := filepath.Glob(filepath.Join(logFolder, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatal("no logs")
	}
	for _, log := range logs {
		content, err := os.ReadFile(filepath.Clean(log))
		if err != nil {
			t.Fatal(err)
		}
		if found := findings(t, string(content)); found.Outcome.Good() {
			t.Errorf("%s: %s: %q", log, found.Outcome.State, found.Outcome.Line.Text)
		}
	}
}

// TestFailureAfterSuccess: any failure after an assignment counts as well. The exceptions contain no
// word for a failure.
func TestFailureAfterSuccess(t *testing.T) {
	t.Parallel()
	const success = "Registering with the device provisioning service...\nRegistration status: Assigned.\nDevice a-1 registered to one.azure-devices.net.\n"
	silent := []string{"case-032", "case-037", "case-089", "case-095"}
	for _, r := range reports(t) {
		if r.Set != "dev-1" {
			continue
		}
		found := findings(t, success+r.Input)
		if known := slices.Contains(silent, r.ID); found.Outcome.Good() != known {
			t.Errorf("%s: %s, an exception: %t", r.ID, found.Outcome.State, known)
		}
	}
}

// reports are those of the corpus.
func reports(t *testing.T) []corpus.Report {
	t.Helper()
	all, err := corpus.Reports("../../testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	return all
}
