package report

import (
	"strings"

	"dpsdiag/internal/codes"
)

// list is a table of catalogue entries in place of full answers.
type list struct {
	entries []*codes.Entry
	common  bool // the service's own ten, with what to do
}

// NewCommon makes the report on the codes that the service documents for itself: each
// with its meaning and what to do.
func NewCommon(entries []*codes.Entry) *Explain { return newList(entries, true) }

// NewCatalogue makes the report that lists entries by kind.
func NewCatalogue(entries []*codes.Entry) *Explain { return newList(entries, false) }

func newList(entries []*codes.Entry, common bool) *Explain {
	doc := emptyExplain()
	doc.list = &list{entries: entries, common: common}
	doc.addEntries(entries)
	return doc
}

func (l *list) draw(p *page) {
	if l.common {
		l.drawCommon(p)
		return
	}
	l.drawByKind(p)
}

func (l *list) drawCommon(p *page) {
	rows := make([][]string, 0, len(l.entries))
	for _, e := range l.entries {
		rows = append(rows, []string{e.Code, titleOf(e), e.Meaning, e.Remedies[0]})
	}
	p.table([]column{
		{title: "Code", width: 4},
		{title: "HTTP status", width: 12},
		{title: "Meaning", share: 1},
		{title: "What to do", share: 1},
	}, rows, ruled)
	p.heading("More")
	p.fields("  ",
		field{"dpsdiag explain CODE", "causes, remedies and retry advice for a code of any kind"},
		field{"dpsdiag explain --all", "every code that dpsdiag knows"},
		field{"dpsdiag probe", "register a device and find out why it fails"})
}

// drawByKind draws one table for each kind, in the order of the entries.
func (l *list) drawByKind(p *page) {
	for start := 0; start < len(l.entries); {
		end := start
		var rows [][]string
		for ; end < len(l.entries) && l.entries[end].Kind == l.entries[start].Kind; end++ {
			e := l.entries[end]
			rows = append(rows, []string{e.Code, firstSentence(e.Meaning)})
		}
		if start > 0 {
			p.blank()
		}
		p.title(kindTitle(l.entries[start].Kind))
		p.table([]column{{title: "Code", share: 2}, {title: "Meaning", share: 3}}, rows, dense)
		start = end
	}
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
