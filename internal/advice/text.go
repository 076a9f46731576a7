package advice

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/likeness"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

// TextDiagnosis is the result for a text.
type TextDiagnosis struct {
	Causes   []Cause      // most likely first, at most 8
	RuledOut []Cause      // what the text excludes although a match lists it
	Decide   []cause.Step // steps that would decide between the remaining causes
	Collect  []Collect    // how to get a text that says more; none if this one says enough
	Notes    []Note       // about the device, whatever the causes are
}

// DiagnoseText judges what was found in a text. There are two sources of evidence: the matches with
// their circumstances (see textRules), and the likeness of the words to those of confirmed reports.
// Only the first can prove a cause, and only by a message of the service about a single cause. With a
// nil model only the first is used.
//
// If the last attempt in the text ended well there is nothing to diagnose.
func DiagnoseText(found *logtext.Findings, model *likeness.Model) TextDiagnosis {
	var d TextDiagnosis
	if !found.Healthy() {
		d = diagnoseText(found, model, usualMeasures())
	}
	d.Notes = Notes(found)
	return d
}

// measures are the model and the rules by which a text is judged.
type measures struct {
	rules         []Rule
	circumstances []textRule
	points        points
}

func usualMeasures() measures { return measures{Rules(), textRules(), usualPoints()} }

// diagnoseText is DiagnoseText with a choice of measures.
func diagnoseText(found *logtext.Findings, model *likeness.Model, by measures) TextDiagnosis {
	c := newTextCase(found)
	c.points = by.points
	c.read(model)
	scores := c.scoreMatches(by.rules)
	for i := range by.circumstances {
		by.circumstances[i].apply(c, scores)
	}
	c.judge(by.rules, scores)
	causes, out := rank(c.candidates(by.rules, scores))
	c.addPrecedents(causes)
	told := &probe.Evidence{Target: c.target()}
	return TextDiagnosis{
		Causes:   asCauses(causes, told),
		RuledOut: asCauses(out, told),
		Decide:   c.decide(causes),
		Collect:  c.collect(causes),
	}
}

// score is what the matches and their circumstances say about one cause.
type score struct {
	points   float64
	support  []float64 // of each match that lists the cause, in the order of the matches
	because  []string
	against  []string
	out      []string // why it is excluded
	proven   bool
	entry    *codes.Entry // the entry that lists the cause at the best position, nil if none does
	position int          // that position
}

// scoreboard holds the scores by the ids of the causes.
type scoreboard map[cause.ID]*score

func (b scoreboard) of(id cause.ID) *score {
	s, known := b[id]
	if !known {
		s = &score{position: unranked}
		b[id] = s
	}
	return s
}

// total adds up several matches: the strongest counts in full, each further one half of the one before
// it, so that a repeated wrapper never outweighs one clear message.
func (s *score) total() float64 {
	if len(s.out) > 0 {
		return 0
	}
	support := slices.Clone(s.support)
	slices.SortFunc(support, func(a, b float64) int { return cmp.Compare(b, a) })
	sum, share := s.points, 1.0
	for _, points := range support {
		sum += points * share
		share /= 2
	}
	for range s.against {
		sum *= doubtedShare
	}
	return sum
}

// favour adds evidence for the cause.
func (s *score) favour(points float64, because ...string) {
	s.points += points
	s.because = append(because, s.because...)
}

// The weights of the two sources of evidence. Held-out reports chose them: see docs/judgement.md.
const (
	weighWhole  = 1.0 // the likeness of the whole text
	weighFamily = 0.4 // that of the cause with its narrower and wider causes, lines included
	weighGrade  = 1.0 // an error for which the service names a single case
	weighLead   = 2.0 // being the first cause that the matches list
	weighProof  = 1.0 // a message of the service about this cause only
	narrower    = 1.0 // a narrower cause says more than the wider one
	unnamed     = 3.0 // loss of a cause that nothing in a text about a refusal suggests

	suggestible  = 0.65  // share from which a cause is suggested
	worthNaming  = 0.04  // share from which it is listed at all
	worthKeeping = 0.005 // the same for one that a match lists
	plain        = 0.25  // share that words need if nothing else shows a failure of a device
	evident      = 0.40  // the same in a text that is somewhat like those without a fault
	faultless    = 0.50  // likeness to texts without a fault from which words alone list no cause
	leastKnown   = 0.40  // share of the words that the model has to know in a text that is not about a device
	familiar     = 0.70  // share of known words below which the others count against the clearness of the known ones
	maxReasons   = 4
)

// candidates weighs every cause by both sources of evidence.
func (c *textCase) candidates(rules []Rule, scores scoreboard) []candidate {
	shares, bare := c.shares(rules, scores)
	if bare && !c.wordsCount(shares) {
		return nil
	}
	var found []candidate
	for i := range rules {
		cand := candidate{rule: &rules[i], index: i, weight: shares[i]}
		if s := scores.of(rules[i].ID); c.settle(&cand, s) {
			cand.explain = explainQuery(s.entry)
			found = append(found, cand)
		}
	}
	return found
}

// shares are the parts of the causes in the total of both sources; bare reports whether no match
// contributes anything.
func (c *textCase) shares(rules []Rule, scores scoreboard) (shares []float64, bare bool) {
	most := 0.0
	for _, s := range scores {
		most = max(most, s.total())
	}
	bare = most == 0
	most = max(most, 1)
	refused := c.onlyRefused()
	shares = make([]float64, len(rules))
	sum := 0.0
	for i := range rules {
		if s := scores.of(rules[i].ID); len(s.out) == 0 {
			w := c.weight(rules[i].ID, s.total(), most, s.proven)
			if refused && s.total() == 0 {
				w -= unnamed
			}
			shares[i] = math.Exp(w)
			sum += shares[i]
		}
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares, bare
}

// onlyRefused reports whether all that the text says about the failure is that the device was refused,
// so that words about anything else are of the lines around it.
func (c *textCase) onlyRefused() bool {
	return seeBlankRefusal(c) != "" && c.matching(func(m *logtext.Match) bool { return telling(m) && !refusesIdentity(m) }) == nil
}

// settle gives a candidate its strength and its reasons, and reports whether it is worth listing.
func (c *textCase) settle(cand *candidate, s *score) bool {
	cand.position = s.position
	switch {
	case len(s.out) > 0:
		cand.strength, cand.because = RulesOut, s.out
		return len(s.support) > 0 || s.points > 0
	case cand.weight < worthNaming && (s.total() == 0 || cand.weight < worthKeeping):
		return false
	}
	cand.strength, cand.because = Allows, c.reasons(cand.rule.ID, s)
	if cand.weight >= suggestible && len(s.against) == 0 && (s.points > 0 || !c.onlyRefused()) && c.Outcome.State != logtext.OutcomeUnfinished && !c.Explained && (c.Related || s.total() > 0) {
		cand.strength = Suggests
		if s.proven {
			cand.strength = Proves
		}
	}
	return len(cand.because) > 0
}

// weight is how strongly both sources point to a cause, as a logarithm. points is the score of the
// matches for it, and most the highest score of any cause.
func (c *textCase) weight(id cause.ID, points, most float64, proven bool) float64 {
	w := weighGrade*min(points/c.points[exact], 1.5) + weighLead*points/most
	if proven {
		w += weighProof
	}
	if c.likeness == nil {
		return 4 * w // as decided as with the likeness
	}
	own := c.likeness.Score(id)
	family := own.Whole + own.Line
	for _, kin := range cause.All() {
		if kin != id && (kin.Within() == id || id.Within() == kin || id.Within() != cause.None && id.Within() == kin.Within()) {
			other := c.likeness.Score(kin)
			family += other.Whole + other.Line
		}
	}
	w += weighWhole*likeness.LogOf(own.Whole) + weighFamily*likeness.LogOf(family)
	if id.Within() != cause.None {
		w += narrower
	}
	return w
}

// wordsCount reports whether the words alone can establish a cause, if there is no match. They
// establish nothing in a text that is like those without a fault, or whose words are mostly unknown to
// the model. If no line reports a failure of a device they have to be clear, and the clearer the fewer
// of them are known. The shares are those of the causes.
func (c *textCase) wordsCount(shares []float64) bool {
	none, best, known := c.likeness.Score(cause.None).Whole, slices.Max(shares), c.likeness.Known()
	switch {
	case c.likeness.Seen() < leastSeen || none >= faultless:
		return false
	case c.Related && c.Outcome.Failed.Line > 0:
		return true
	case c.Related: // and nothing in it says that something failed
		return none < faultless/5 && best >= plain
	case known < leastKnown || best < plain+max(0, familiar-known) || c.servesOthers() || !c.namesThings():
		return false
	}
	return none < faultless/4 || none < 0.8*faultless && best >= evident
}

// servesOthers reports whether a text that is not about a device has several HTTP statuses, as the log of
// a web server or of its clients has.
func (c *textCase) servesOthers() bool {
	status := regexp.MustCompile(`(?i)\bstatus(?:code)?["']?\s*[:=]\s*["']?([45]\d\d)\b`)
	seen := map[string]bool{}
	for i := range c.Sample {
		if m := status.FindStringSubmatch(c.Sample[i].Text); m != nil {
			seen[m[1]] = true
		}
	}
	return len(seen) > 1
}

// namesThings reports whether a text has a word for a thing that devices have trouble with. Words for
// trouble alone occur in the logs of any program.
func (c *textCase) namesThings() bool {
	thing := regexp.MustCompile(`(?i)azure|iot|dps|device|hub|edge|module|provision|enrol|regist|connect|network|socket|host|dns|proxy|port\b|http|mqtt|amqp|tls|ssl|x\.?509|cert|key|token|sas\b|auth|sign|secret|credential|permission|password|clock|time|tpm|hsm|pkcs|config|setting|parameter|argument|environment|json|toml|yaml|file|memory|buffer|stack|assert|abort|exception|0x|import|module|library|version|quota|limit|subscription|resource|securit|\brsa\b|ecdsa|cipher|crypt|base64|encod|decod|\btbs`)
	return slices.ContainsFunc(c.Sample, func(l logtext.Line) bool { return thing.MatchString(l.Text) })
}

// leastSeen is how many words and pairs of words of a text the model must know.
const leastSeen = 4

// read lets the model read the text, without the lines about success.
func (c *textCase) read(model *likeness.Model) {
	if model == nil || c.Explained {
		return
	}
	fine := inOrder()
	wrong := regexp.MustCompile(`(?i)\b(?:error|fail\w*|refused|unauthorized|denied|not|but|however|40\d|CONNACK)\b|\d{6}`)
	c.Sample = slices.DeleteFunc(slices.Clone(c.Sample), func(l logtext.Line) bool {
		return passedCheck(l.Text) || fine.MatchString(l.Text) && !wrong.MatchString(fine.ReplaceAllString(l.Text, " "))
	})
	lines := make([]string, len(c.Sample))
	for i := range c.Sample {
		lines[i] = fine.ReplaceAllString(c.Sample[i].Text, " ")
	}
	c.likeness = model.Read(lines)
}

// inOrder finds the parts of a line that say that something is in order, or is not what is wrong. The model
// would take the name of the thing for a sign of trouble with it.
func inOrder() *regexp.Regexp {
	const thing = `(?:clock|time|ntp|dns|ports? \d+|certificates?|certs?|keys?|tokens?|proxy|network|firewall)`
	return regexp.MustCompile(`(?i)\b` + thing + `(?: (?:is|are|was|were|seems?|looks?))? (?:(?:right|correct|fine|good|ok|okay|in sync|synchroni[sz]ed|not (?:expired|wrong|the (?:problem|cause)))\b|valid(?:[.,;)]| and\b|$))` +
		`|\b(?:no|without) ` + thing + ` (?:problem|issue|error|fault|skew)s?\b`)
}

// passedCheck reports whether a line says that a check was passed, as those of "iotedge check" do: its
// subject is not at fault.
func passedCheck(line string) bool {
	return strings.HasPrefix(line, "√") || strings.HasPrefix(line, "✔") || strings.HasSuffix(line, "- OK")
}

// maxPrecedents is how many confirmed reports a diagnosis quotes.
const maxPrecedents = 3

// addPrecedents adds confirmed reports that are like the text to the reasons of the causes that they
// had, beginning with the likeliest.
func (c *textCase) addPrecedents(causes []candidate) {
	left := maxPrecedents
	for i := range causes {
		for _, p := range c.likeness.Precedents(causes[i].rule.ID, left) {
			line := "a report like this: " + p.Source + ": " + p.CauseText
			if p.FixText != "" {
				line += " What solved it: " + p.FixText
			}
			causes[i].because = append(slices.Clone(causes[i].because), line)
			left--
		}
	}
}

// reasons are the evidence for and against a cause from both sources, as much as a reader will check.
func (c *textCase) reasons(id cause.ID, s *score) []string {
	reasons := slices.Clone(s.because[:min(len(s.because), maxReasons)])
	if why, ok := c.likeness.Reason(id); ok && len(reasons) < maxReasons {
		line := &c.Sample[why.Line]
		reasons = append(reasons, quote(line.Place, logtext.Quote(line.Text))+": its words are like those of confirmed reports ("+strings.Join(cleanWords(why.Words), ", ")+")")
	}
	for _, fact := range s.against[:min(len(s.against), 2)] {
		reasons = append(reasons, "against it: "+fact)
	}
	return reasons
}

func cleanWords(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = logtext.Quote(w)
	}
	return quoted
}

// unranked is the position of a cause that no catalogue entry lists.
const unranked = 1 << 10
