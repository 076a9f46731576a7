package report

import "strings"

// QueriesSchema names the JSON of [Queries].
const QueriesSchema = "dpsdiag/kql/1"

// Queries are queries for Log Analytics: one to run, or the list of all.
type Queries struct {
	Schema   string     `json:"schema"`
	ExitCode int        `json:"exit_code"`
	List     bool       `json:"list"`
	Queries  []KQLQuery `json:"queries"`
}

// KQLQuery is a query with what it answers. The lines are those of the query, in order.
type KQLQuery struct {
	Topic string   `json:"topic"`
	Title string   `json:"title"`
	Lines []string `json:"lines"`
}

// NewQueries makes the document; list says that it is for choosing one.
func NewQueries(list bool, queries ...KQLQuery) *Queries {
	doc := &Queries{Schema: QueriesSchema, List: list, Queries: []KQLQuery{}}
	for _, q := range queries {
		doc.Queries = append(doc.Queries, KQLQuery{Clean(q.Topic), Clean(q.Title), cleanAll(q.Lines)})
	}
	return doc
}

// NewKQLQuery is a query from its text.
func NewKQLQuery(topic, title, text string) KQLQuery {
	return KQLQuery{topic, title, strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
}

// ExitStatus implements [Document].
func (d *Queries) ExitStatus() int { return d.ExitCode }

// drawText writes a query as it is, so that it can be run, or the topics with their titles.
func (d *Queries) drawText(p *page) {
	if !d.List {
		for _, line := range d.Queries[0].Lines {
			p.out.WriteString(p.text(line) + "\n")
		}
		return
	}
	rows := make([]field, 0, len(d.Queries))
	for _, q := range d.Queries {
		rows = append(rows, field{q.Topic, q.Title})
	}
	p.fields("", rows...)
}
