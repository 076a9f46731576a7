package learn

import (
	"regexp"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/corpus"
	"dpsdiag/internal/likeness"
)

// The weights of the kinds of documents. Held-out reports chose them.
const (
	weightReport     = 2.0
	weightSignal     = 1.0
	weightMessage    = 1.0
	weightMeaning    = 0.7
	weightDefinition = 2.0
)

// Documents makes documents of all training data: the catalogue, the definitions of the causes, the
// messages of clients, and the reports. Everything from the thread of a held-out report is left out,
// including catalogue entries that cite it.
func Documents(reports []corpus.Report, messages []corpus.Message, held []corpus.Report) []Document {
	threads := map[string]bool{}
	for i := range held {
		threads[held[i].Thread()] = true
	}
	var documents []Document
	add := func(text string, weight float64, causes ...cause.ID) {
		documents = append(documents, Document{Text: text, Causes: shares(causes), Weight: weight})
	}
	ordinary := regexp.MustCompile(`\b[A-Za-z]?[a-z]+\b`)
	addPrinted := func(text string, weight float64, causes ...cause.ID) {
		add(text, weight/2, causes...)
		documents = append(documents, Document{Text: thin(text, ordinary), Causes: shares(causes), Weight: weight / 2, Copy: true})
	}
	for e := range codes.All() {
		if len(e.CauseIDs) == 0 || slices.ContainsFunc(e.Sources, func(s string) bool { return threads[corpus.Thread(s)] }) {
			continue
		}
		for _, m := range e.Messages {
			add(m, weightMessage, e.CauseIDs...)
		}
		add(e.Meaning+"\n"+strings.Join(e.Causes, "\n"), weightMeaning, e.CauseIDs...)
	}
	for _, d := range cause.Definitions() {
		texts := slices.Concat([]string{d.ID.String(), d.Title, d.Meaning}, d.Confirm, d.Remedies)
		add(strings.Join(texts, "\n"), weightDefinition, d.ID)
	}
	for _, m := range messages {
		addPrinted(m.Text, weightMessage, append([]cause.ID{m.Cause}, m.Also...)...)
	}
	for i := range reports {
		r := &reports[i]
		if threads[r.Thread()] {
			continue
		}
		addPrinted(r.Input, weightReport, r.Causes()...)
		for _, s := range r.Signals {
			add(s, weightSignal, r.Cause)
		}
	}
	return documents
}

// shares divides a document among its causes, the first of which is the likeliest.
func shares(causes []cause.ID) []Share {
	parts := [...]float64{1, 0.4, 0.2, 0.1}
	var found []Share
	sum := 0.0
	for i, id := range causes[:min(len(causes), len(parts))] {
		if !slices.ContainsFunc(found, func(s Share) bool { return s.Cause == id }) {
			found = append(found, Share{id, parts[i]})
			sum += parts[i]
		}
	}
	for i := range found {
		found[i].Share /= sum
	}
	return found
}

// thin removes about a third of the ordinary words from the output of a program. An ordinary word
// has only letters, in lower case except for the first. Another version of the program says the
// same in other words, so the model must not rely on any single one.
func thin(text string, ordinary *regexp.Regexp) string {
	seed := likeness.Hash(text)
	return ordinary.ReplaceAllStringFunc(text, func(word string) string {
		if (likeness.Hash(strings.ToLower(word))^seed)%3 == 0 {
			return ""
		}
		return word
	})
}
