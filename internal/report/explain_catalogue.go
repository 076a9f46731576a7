package report

import (
	"strings"

	"dpsdiag/internal/codes"
)

// Catalogue lists codes with a sentence each, and the id by which explain shows one.
type Catalogue struct {
	Explain

	entries []*codes.Entry
}

// NewCatalogue makes the list of the entries, grouped by kind.
func NewCatalogue(entries []*codes.Entry) *Catalogue {
	doc := &Catalogue{newExplain(ViewCatalogue), entries}
	doc.addEntries(entries)
	return doc
}

// drawText draws one table for each kind, in the order of the entries.
func (d *Catalogue) drawText(p *page) {
	for start := 0; start < len(d.entries); {
		end := start
		var rows [][]string
		for ; end < len(d.entries) && d.entries[end].Kind == d.entries[start].Kind; end++ {
			e := d.entries[end]
			rows = append(rows, []string{e.ID, e.Code, firstSentence(e.Meaning)})
		}
		if start > 0 {
			p.blank()
		}
		p.title(kindTitle(d.entries[start].Kind))
		p.table([]column{{title: "Id", share: 2}, {title: "Code", share: 2}, {title: "Meaning", share: 3}}, rows, dense)
		start = end
	}
}

func (d *Catalogue) drawMarkdown(m *markdown) {
	rows := make([][]inline, 0, len(d.entries))
	for _, e := range d.entries {
		rows = append(rows, []inline{code(e.ID), escape(Clean(e.Code)), escape(string(e.Kind)), escape(Clean(firstSentence(e.Meaning)))})
	}
	m.table([]string{"Id", "Code", "Kind", "Meaning"}, rows)
}

// firstSentence keeps a table of hundreds of rows short.
func firstSentence(text string) string {
	if first, _, found := strings.Cut(text, ". "); found {
		return first + "."
	}
	return text
}

// kindTitle names a kind for people, with the word that --kind takes.
func kindTitle(kind codes.Kind) string {
	titles := map[codes.Kind]string{
		codes.KindHTTP:               "HTTP statuses",
		codes.KindDPS:                "Extended codes of DPS",
		codes.KindRegistrationStatus: "Registration statuses",
		codes.KindIoTHub:             "Extended codes of IoT Hub",
		codes.KindMQTT:               "MQTT",
		codes.KindAMQP:               "AMQP",
		codes.KindTLS:                "TLS",
		codes.KindSDK:                "Device SDKs and network errors",
		codes.KindIoTEdge:            "IoT Edge",
	}
	if title, ok := titles[kind]; ok {
		return title + " [" + string(kind) + "]"
	}
	return string(kind)
}
