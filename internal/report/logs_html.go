package report

import (
	"fmt"
	"slices"
	"strconv"

	"dpsdiag/internal/probe"
)

const logsFooter = "Written by dpsdiag logs. This page is one file: it loads nothing and runs no script."

// html makes the page: the chart, the clusters with their causes, what was changed, the load.
func (d *ResourceLogs) html() *htmlPage {
	page := &htmlPage{Title: "dpsdiag logs", Heading: d.headline(), Lead: []string{d.extent()}, Footer: logsFooter}
	outcome := probe.Failed
	if d.Devices.Failing == 0 && d.ExitCode == ExitOK {
		outcome = probe.Passed
	}
	page.Mark, page.Class = htmlLook(outcome)
	page.Blocks = slices.Concat(d.htmlTimeline(), d.htmlClusters(), d.htmlChanges(), d.htmlCounts(), listBlock("What these records cannot tell", d.Notes), d.htmlInputs())
	return page
}

func (d *ResourceLogs) htmlClusters() []htmlBlock {
	var list []htmlBlock
	for i := range d.Clusters {
		list = append(list, d.Clusters[i].html(i+1))
	}
	return list
}

func (k *Cluster) html(number int) htmlBlock {
	block := htmlBlock{Title: fmt.Sprintf("%d. %s", number, k.title()), Text: []string{upperFirst(k.who())}, Bullets: k.Pattern}
	rows := make([][]string, 0, len(k.Examples))
	for _, e := range k.Examples {
		rows = append(rows, []string{e.RegistrationID, e.Since, e.Last, strconv.Itoa(e.Records), yesNo(e.Failing), e.LastSucceeded})
	}
	if len(rows) > 0 {
		block.Blocks = append(block.Blocks, htmlBlock{
			Title: fmt.Sprintf("Devices (%d of %d)", len(rows), k.Devices), Fold: true,
			Table: &htmlTable{Header: []string{"Registration id", "Since", "Last", "Records", "Fails now", "Succeeded last"}, Rows: rows},
		})
	}
	if causes := htmlCauses(k.Causes); len(causes) > 0 {
		block.Blocks = append(block.Blocks, causes[0].Blocks...)
	}
	if k.Query != "" {
		block.Blocks = append(block.Blocks, htmlBlock{Title: "The query for Log Analytics", Sub: true, Code: []string{k.Query}})
	}
	return block
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func (d *ResourceLogs) htmlChanges() []htmlBlock {
	list := make([]string, 0, len(d.Changes))
	for i := range d.Changes {
		list = append(list, d.Changes[i].text())
	}
	return listBlock("What operators changed before", list)
}

func (d *ResourceLogs) htmlCounts() []htmlBlock {
	block := htmlBlock{Title: "Load, protocols and instances"}
	if d.Load.BusiestMinute.Records > 0 {
		block.Text = []string{upperFirst(d.load())}
	}
	header := []string{"", "Attempts", "Refused", "Devices", "Fail now"}
	rows := slices.Concat(d.protocolRows(), d.instanceRows())
	if len(rows) == 0 {
		return nil
	}
	block.Table = &htmlTable{Header: header, Rows: rows}
	return []htmlBlock{block}
}

func (d *ResourceLogs) htmlInputs() []htmlBlock {
	rows := make([][]string, 0, len(d.Inputs))
	for _, in := range d.Inputs {
		rows = append(rows, []string{in.Name, in.Shape, strconv.Itoa(in.Records), strconv.Itoa(in.Repeated), strconv.Itoa(in.Foreign), strconv.Itoa(in.Unreadable)})
	}
	return []htmlBlock{{
		Title: fmt.Sprintf("Inputs (%d)", len(rows)), Fold: true,
		Table: &htmlTable{Header: []string{"Name", "Shape", "Records", "Read before", "Of other services", "Damaged"}, Rows: rows},
	}}
}

// chartColumn is the width of a column of the timeline, with the space after it.
const chartColumn = 10

func (d *ResourceLogs) htmlTimeline() []htmlBlock {
	t := &d.Timeline
	if t.empty() {
		return nil
	}
	chart := &htmlChart{Width: chartColumn * len(t.Attempts), From: t.at(0), To: t.at(len(t.Attempts)) + " UTC"}
	for i, row := range t.rows() {
		class := "failed"
		if i == 0 {
			class = "idle"
		}
		most, sum := t.most(i, row.counts), 0
		out := htmlChartRow{Name: row.name, Class: class}
		for column, n := range row.counts {
			sum += n
			if n == 0 {
				continue
			}
			height := max(n*chartHeight/most, leastBar)
			out.Bars = append(out.Bars, htmlBar{column * chartColumn, chartHeight - height, chartColumn - 1, height})
		}
		out.About = fmt.Sprintf("%s: %d, at most %d in a column", row.name, sum, most)
		chart.Rows = append(chart.Rows, out)
	}
	return []htmlBlock{{Title: "When", Chart: chart}}
}
