package report

import (
	"cmp"
	"fmt"
	"slices"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// NewRecordsLog makes the document of explain for resource logs from that of logs: the known errors and
// one list of causes. command is the command line that shows which devices have them.
func NewRecordsLog(logs *ResourceLogs, command string) *Log {
	doc := &Log{newExplain(ViewText)}
	doc.ExitCode = ExitOK
	for _, in := range logs.Inputs {
		doc.Inputs = append(doc.Inputs, Input{nameOfSeveral(in.Name, len(logs.Inputs)), string(logtext.UTF8), in.Lines})
	}
	place := Place{Line: 1}
	if len(logs.Clusters) > 0 {
		place = logs.Clusters[0].place(len(logs.Inputs))
	}
	doc.Facts = []Fact{{recordsFact, "Resource logs of Azure Monitor. " + logs.headline(), place}}
	for i := range logs.Clusters {
		doc.addCluster(&logs.Clusters[i], len(logs.Inputs))
	}
	slices.SortStableFunc(doc.Causes, func(a, b Cause) int { return cmp.Compare(strengthOrder(a.Strength), strengthOrder(b.Strength)) })
	doc.Collect = append(doc.Collect, Collect{"Azure Monitor", fmt.Sprintf("%s shows which devices fail, since when, and what was changed before", command)})
	return doc
}

// nameOfSeveral is the name of an input, "" if it is the only one.
func nameOfSeveral(name string, inputs int) string {
	if inputs == 1 {
		return ""
	}
	return name
}

func (k *Cluster) place(inputs int) Place { return Place{nameOfSeveral(k.Input, inputs), k.Line} }

// strengthOrder orders strengths, the strongest first.
func strengthOrder(strength string) int {
	return slices.Index([]string{advice.Proves.String(), advice.Suggests.String(), advice.Allows.String()}, strength)
}

// addCluster adds the error of a cluster, and those of its causes that no larger cluster has added.
func (d *Log) addCluster(k *Cluster, inputs int) {
	for _, c := range k.Causes {
		if i := slices.IndexFunc(d.Causes, func(known Cause) bool { return known.ID == c.ID }); i < 0 {
			d.Causes = append(d.Causes, c)
		}
	}
	entries := codes.ForReply(k.HTTPStatus, k.ErrorCode, k.Message)
	if len(entries) == 0 {
		return
	}
	match := entryMatch(entries[0])
	match.Count, match.Phrase = k.Records, k.Message
	place := k.place(inputs)
	if i := slices.IndexFunc(d.Matches, func(m Match) bool { return m.ID == match.ID }); i >= 0 {
		known := &d.Matches[i]
		known.Count += k.Records
		known.Lines = append(known.Lines, place.Line)
		if place.Input != "" {
			known.Inputs = append(known.Inputs, place.Input)
		}
		return
	}
	match.Lines = []int{place.Line}
	if place.Input != "" {
		match.Inputs = []string{place.Input}
	}
	d.Matches = append(d.Matches, match)
}
