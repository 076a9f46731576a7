package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// timelineRow is a line of the chart.
type timelineRow struct {
	name   string
	counts []int
}

// rows are the lines of the chart: all attempts, those that were refused, and the clusters by
// number.
func (t *LogTimeline) rows() []timelineRow {
	rows := []timelineRow{{"attempts", t.Attempts}, {"refused", t.Failed}}
	if len(t.Clusters) > 1 {
		for i, counts := range t.Clusters {
			rows = append(rows, timelineRow{fmt.Sprintf("cluster %d", i+1), counts})
		}
	}
	return rows
}

// most is the count of the highest column of a row. What is refused is shown as a part of the attempts.
func (t *LogTimeline) most(number int, counts []int) int {
	if number == 1 {
		counts = t.Attempts
	}
	return max(slices.Max(counts), 1)
}

// empty reports whether there is nothing to see: no failures, or a single column.
func (t *LogTimeline) empty() bool {
	total := 0
	for _, n := range t.Failed {
		total += n
	}
	return total == 0 || len(t.Failed) < 3
}

// at is the time of a column, "" if the document does not have the start of the chart.
func (t *LogTimeline) at(column int) string {
	start, err := time.Parse(time.RFC3339, t.Start)
	if err != nil {
		return ""
	}
	return start.Add(time.Duration(column*t.ColumnSeconds) * time.Second).Format("2006-01-02 15:04")
}

// drawTimeline draws the chart in text: a line for each row, with columns as high as their counts.
func (d *ResourceLogs) drawTimeline(p *page) {
	t := &d.Timeline
	if t.empty() {
		return
	}
	p.blank()
	room := p.width - columns(partLabel("").text)
	fold := (len(t.Attempts) + room - 1) / room
	rows := t.rows()
	if !p.opts.Verbose {
		rows = rows[:min(len(rows), 2+shortClusters)]
	}
	for i, row := range rows {
		counts := foldColumns(row.counts, fold)
		folded := LogTimeline{Attempts: foldColumns(t.Attempts, fold)}
		p.line(partLabel(row.name), span{sparkline(counts, folded.most(i, counts), p.opts.ASCII), accent})
	}
	width := (len(t.Attempts) + fold - 1) / fold
	from, to := t.at(0), t.at(len(t.Attempts))
	if gap := width - len(from) - len(to); gap > 0 {
		p.line(partLabel(""), span{from + strings.Repeat(" ", gap) + to, faint})
		return
	}
	p.line(partLabel(""), span{"from " + from, faint})
	p.line(partLabel(""), span{"to   " + to, faint})
}

// foldColumns adds up each group of fold columns.
func foldColumns(counts []int, fold int) []int {
	folded := make([]int, 0, len(counts)/fold+1)
	for i, n := range counts {
		if i%fold == 0 {
			folded = append(folded, 0)
		}
		folded[len(folded)-1] += n
	}
	return folded
}

// sparkline shows counts by the height of characters; most is the highest count. A count above 0 is
// always visible.
func sparkline(counts []int, most int, ascii bool) string {
	levels := []rune("·▁▂▃▄▅▆▇█")
	if ascii {
		levels = []rune(".:-=+*#%@")
	}
	var b strings.Builder
	for _, n := range counts {
		b.WriteRune(levels[levelOf(n, most, len(levels)-1)])
	}
	return b.String()
}

// levelOf is the height of a count; only a count of 0 has the height 0.
func levelOf(n, most, levels int) int {
	if n == 0 {
		return 0
	}
	return min(1+(n-1)*levels/most, levels)
}
