package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	shortClusters = 3 // that the short report shows with their cause
	listedCluster = 6 // that it lists at all
	shortChanges  = 2
	shortOwnNotes = 2
)

// drawText shows which devices fail, since when and why, in short or with everything.
func (d *ResourceLogs) drawText(p *page) {
	mark, look := p.marks.failed, bad
	switch {
	case d.Devices.Failing == 0 && d.ExitCode == ExitOK:
		mark, look = p.marks.passed, good
	case d.Devices.Failing == 0 && d.Interrupted:
		mark, look = p.marks.warned, odd
	}
	p.hang(d.headline(), span{mark + " ", look})
	p.hang(d.extent(), span{"  ", plain})
	d.drawTimeline(p)
	shown := shortClusters
	if p.opts.Verbose {
		shown = len(d.Clusters)
	}
	for i := range d.Clusters {
		switch k := &d.Clusters[i]; {
		case i < shown:
			p.blank()
			k.drawText(p, i+1)
		case i == shown:
			p.blank()
			fallthrough
		case i < listedCluster:
			p.clip(1, k.who()+": "+k.title(), numbered(i+1))
		}
	}
	if left := len(d.Clusters) - max(shown, listedCluster); left > 0 {
		p.hang(fmt.Sprintf("%d more: --verbose", left), span{"     ", plain})
	}
	p.blank()
	d.drawAround(p)
}

func numbered(n int) span { return span{fmt.Sprintf("%3d  ", n), strong} }

// headline says in a line how many devices fail.
func (d *ResourceLogs) headline() string {
	where := ""
	if len(d.Instances) == 1 && d.Instances[0].Name != "" {
		where = " of " + d.Instances[0].Name
	}
	n := d.Devices
	switch {
	case d.Attempts.Records == 0:
		return "No attempt of a device is in these records" + where
	case n.Failing == 0 && n.Recovered == 0 && d.Attempts.Failed > 0:
		return fmt.Sprintf("%s failed%s; the records do not name the devices", plural(d.Attempts.Failed, "attempt"), where)
	case n.Failing == 0 && n.Recovered == 0:
		return fmt.Sprintf("Nothing failed: %s%s", plural(n.Seen, "device"), where)
	case n.Failing == 0:
		return fmt.Sprintf("No device fails now: %s%s, %d recovered", plural(n.Seen, "device"), where, n.Recovered)
	}
	parts := []string{}
	if n.NeverSucceeded > 0 {
		parts = append(parts, fmt.Sprintf("%d never succeeded", n.NeverSucceeded))
	}
	if worked := n.Failing - n.NeverSucceeded; worked > 0 {
		parts = append(parts, fmt.Sprintf("%d had succeeded before", worked))
	}
	if n.Recovered > 0 {
		parts = append(parts, fmt.Sprintf("%d others recovered", n.Recovered))
	}
	verb := "fail"
	if n.Failing == 1 {
		verb = "fails"
	}
	return fmt.Sprintf("%d of %s%s %s now: %s", n.Failing, plural(n.Seen, "device"), where, verb, strings.Join(parts, ", "))
}

// extent says what was read.
func (d *ResourceLogs) extent() string {
	text := plural(d.Records, "record")
	if d.Period.First != "" {
		text += " from " + fromTo(d.Period.First, d.Period.Last)
	}
	text += fmt.Sprintf(": %s of devices, %d refused", plural(d.Attempts.Records, "attempt"), d.Attempts.Failed)
	if n := d.Service.Records + d.Service.Management; n > 0 {
		text += ", " + plural(n, "call") + " of operators"
	}
	if d.Interrupted {
		text += "; reading was interrupted"
	}
	return text
}

// when is a time of the document for people.
func when(timestamp string) string {
	at, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return "an unknown time"
	}
	return at.Format("2006-01-02 15:04 UTC")
}

// fromTo is a period for people, which names a common day once.
func fromTo(first, last string) string {
	from, to := when(first), when(last)
	const day = len("2006-01-02 ")
	if len(from) > day && len(to) > day && from[:day] == to[:day] {
		return strings.TrimSuffix(from, " UTC") + " to " + to[day:]
	}
	return strings.TrimSuffix(from, " UTC") + " to " + to
}

// title names the failure of a cluster.
func (k *Cluster) title() string {
	var parts []string
	switch {
	case k.ErrorCode != 0 && !strings.HasPrefix(k.Message, strconv.Itoa(k.ErrorCode)):
		parts = append(parts, strconv.Itoa(k.ErrorCode))
	case k.ErrorCode == 0 && k.HTTPStatus != 0:
		parts = append(parts, strconv.Itoa(k.HTTPStatus))
	case k.ErrorCode == 0:
		parts = append(parts, k.Result)
	}
	if k.Message != "" {
		parts = append(parts, k.Message)
	}
	text := strings.TrimSpace(strings.Join(parts, " "))
	if k.Protocol != "" {
		text += " (" + k.Protocol + ")"
	}
	return text
}

// who counts the devices of a cluster.
func (k *Cluster) who() string {
	text := plural(k.Devices, "device")
	switch {
	case k.Devices == 0:
		text = plural(k.Records, "record")
	case k.Failing == 0:
		text += ", none fails now"
	case k.Failing < k.Devices:
		text += fmt.Sprintf(", %d of them now", k.Failing)
	}
	if k.Since != "" {
		text += ", since " + when(k.Since)
	}
	return text
}

func (k *Cluster) drawText(p *page, number int) {
	p.clip(2, k.title(), numbered(number))
	text := k.who()
	if ids := k.ids(); ids != "" {
		text += ", such as " + ids
	}
	p.clip(1, text, partLabel("who"))
	for i, line := range k.Pattern {
		p.clip(2, line, partLabel(firstOnly(i, "so")))
	}
	if p.opts.Verbose {
		k.drawAll(p)
		return
	}
	if len(k.Causes) == 0 {
		p.hang("the records say too little for a cause", partLabel("cause"))
		return
	}
	e := conclusion{causes: k.Causes}
	for i, c := range e.named() {
		p.clip(1, c.Title, partLabel(firstOnly(i, e.causeLabel())))
		if i == 1 {
			break
		}
	}
	if remedies := k.Causes[0].Remedies; len(remedies) > 0 {
		p.clip(2, remedies[0], partLabel(e.remedyLabel()))
	}
}

// ids are the devices that are named.
func (k *Cluster) ids() string {
	list := make([]string, 0, len(k.Examples))
	for _, e := range k.Examples {
		if e.RegistrationID != "" {
			list = append(list, e.RegistrationID)
		}
	}
	return strings.Join(list, ", ")
}

// drawAll shows everything about a cluster.
func (k *Cluster) drawAll(p *page) {
	p.hang(fmt.Sprintf("%s, first %s, last %s; %d of the devices had succeeded before", plural(k.Records, "record"), when(k.First), when(k.Last), k.Worked), partLabel("records"))
	for i, e := range k.Examples {
		p.hang(e.text(), partLabel(firstOnly(i, "devices")))
	}
	if len(k.Causes) > 0 {
		drawCauses(p, "Causes", k.Causes)
	}
	drawDecide(p, k.Decide)
	p.command(k.Query, partLabel("query"))
}

func (e *ClusterDevice) text() string {
	text := e.RegistrationID + ": " + plural(e.Records, "record")
	if e.Since != "" {
		text += ", since " + when(e.Since)
	}
	switch {
	case !e.Failing:
		text += ", no longer fails in this way"
	case e.LastSucceeded != "":
		text += ", succeeded last " + when(e.LastSucceeded)
	default:
		text += ", never succeeded"
	}
	return text
}

// drawAround shows what belongs to no single cluster.
func (d *ResourceLogs) drawAround(p *page) {
	shown := len(d.Changes)
	if !p.opts.Verbose {
		shown = min(shown, shortChanges)
	}
	for i := range d.Changes[:shown] {
		p.clip(2, d.Changes[i].text(), partLabel(firstOnly(i, "changed")))
	}
	if left := len(d.Changes) - shown; left > 0 {
		p.hang(fmt.Sprintf("%d more: --verbose", left), partLabel(""))
	}
	if d.Load.BusiestMinute.Records > 0 {
		p.hang(d.load(), partLabel("load"))
	}
	if left := d.leftOut(); left != "" {
		p.hang(left, partLabel("left out"))
	}
	if !p.opts.Verbose {
		own := d.ownNotes()
		for i, note := range own[:min(len(own), shortOwnNotes)] {
			p.clip(3, note, partLabel(firstOnly(i, "note")))
		}
		d.drawMore(p)
		return
	}
	d.drawTables(p)
	p.bullets("What these records cannot tell", d.Notes)
}

func (d *ResourceLogs) drawMore(p *page) {
	text := "--verbose has all causes, and what records cannot tell"
	if len(d.Clusters) > 0 {
		text += "; " + d.Clusters[0].Query + " prints the query for Log Analytics"
	}
	p.hang(text, partLabel("more"))
}

// text says what was changed.
func (c *OperatorChange) text() string {
	text := when(c.Time) + " " + c.Operation
	if c.Type != "" {
		text += " of " + c.Type
	}
	switch {
	case c.Count > 1 && c.ID != "":
		text += fmt.Sprintf(", %d times, first %s", c.Count, c.ID)
	case c.Count > 1:
		text += fmt.Sprintf(", %d times", c.Count)
	case c.ID != "":
		text += " " + c.ID
	}
	return fmt.Sprintf("%s, %d min before %d began", text, c.MinutesBefore, c.Cluster)
}

func (d *ResourceLogs) load() string {
	minute := d.Load.BusiestMinute
	text := fmt.Sprintf("%s in the busiest minute", plural(minute.Records, "attempt"))
	if minute.Start != "" {
		text += " (" + when(minute.Start) + ")"
	}
	text += fmt.Sprintf("; an instance takes %d registrations a minute", d.Load.Limit)
	if d.Load.Throttled > 0 {
		text += "; " + plural(d.Load.Throttled, "attempt") + " throttled"
	}
	return text
}

// leftOut counts what was not used.
func (d *ResourceLogs) leftOut() string {
	var parts []string
	if d.Unreadable > 0 {
		parts = append(parts, plural(d.Unreadable, "damaged line"))
	}
	if d.Foreign > 0 {
		parts = append(parts, plural(d.Foreign, "record")+" of other services")
	}
	if d.Repeated > 0 {
		parts = append(parts, plural(d.Repeated, "repeated record"))
	}
	return strings.Join(parts, ", ")
}

func (d *ResourceLogs) drawTables(p *page) {
	columns := []column{{title: "", share: 1}, {title: "Attempts", width: 10}, {title: "Refused", width: 10}, {title: "Devices", width: 10}, {title: "Fail now", width: 10}}
	if rows := d.protocolRows(); len(rows) > 1 {
		p.blank()
		columns[0].title = "Protocol"
		p.table(columns, rows, dense)
	}
	if rows := d.instanceRows(); len(rows) > 1 {
		p.blank()
		columns[0].title = "Instance"
		p.table(columns, rows, dense)
	}
}

func (d *ResourceLogs) protocolRows() [][]string {
	rows := make([][]string, 0, len(d.Protocols))
	for _, x := range d.Protocols {
		rows = append(rows, countRow(x.Protocol, x.LogCount, x.Devices, x.Failing))
	}
	return rows
}

func (d *ResourceLogs) instanceRows() [][]string {
	rows := make([][]string, 0, len(d.Instances))
	for _, x := range d.Instances {
		rows = append(rows, countRow(x.Name, x.LogCount, x.Devices, x.Failing))
	}
	return rows
}

func countRow(name string, count LogCount, devices, failing int) []string {
	if name == "" {
		name = "not named"
	}
	return []string{name, strconv.Itoa(count.Records), strconv.Itoa(count.Failed), strconv.Itoa(devices), strconv.Itoa(failing)}
}
