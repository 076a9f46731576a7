package report

import (
	"fmt"
	"strconv"
)

// drawMarkdown draws what the text format draws.
func (d *ResourceLogs) drawMarkdown(m *markdown) {
	m.heading(3, escape("dpsdiag logs: "+d.headline()))
	m.paragraph(escape(d.extent()))
	if !d.Timeline.empty() {
		p := newPage(Options{})
		p.opts.Verbose = m.verbose
		d.drawTimeline(p)
		m.fence("", trimBlank(p.out.String()))
	}
	rows := make([][]inline, 0, len(d.Clusters))
	for i := range d.Clusters {
		k := &d.Clusters[i]
		rows = append(rows, []inline{inline(strconv.Itoa(i + 1)), escape(k.title()), escape(k.who()), code(k.ids())})
	}
	if len(rows) > 0 {
		m.table([]string{"", "Failure", "Devices", "Such as"}, rows)
	}
	for i := range d.Clusters {
		if k := &d.Clusters[i]; i < shortClusters || m.verbose {
			k.drawMarkdown(m, i+1)
		}
	}
	changes := make([]inline, 0, len(d.Changes))
	for i := range d.Changes {
		changes = append(changes, escape(d.Changes[i].text()))
	}
	m.bullets("What operators changed before", changes)
	if d.Load.BusiestMinute.Records > 0 {
		m.paragraph(escape("Load: " + d.load()))
	}
	if left := d.leftOut(); left != "" {
		m.paragraph(escape("Left out: " + left))
	}
	m.bullets("What these records cannot tell", escapeAll(d.Notes))
}

func (k *Cluster) drawMarkdown(m *markdown, number int) {
	m.heading(4, escape(fmt.Sprintf("%d: %s", number, k.title())))
	m.bullets("", escapeAll(k.Pattern))
	markCauses(m, k.Causes)
	m.fence("sh", k.Query)
}

// trimBlank leaves out empty lines around a text.
func trimBlank(text string) string {
	for len(text) > 0 && text[0] == '\n' {
		text = text[1:]
	}
	for len(text) > 0 && text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	return text
}
