package report

// ScenariosSchema names the JSON of [Scenarios].
const ScenariosSchema = "dpsdiag/scenarios/1"

// Scenarios lists the faults that the emulator can play.
type Scenarios struct {
	Schema    string     `json:"schema"`
	Scenarios []Scenario `json:"scenarios"`
}

// Scenario is one of them; Cause is the id of the cause it reproduces, "" for none.
type Scenario struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Cause string `json:"cause"`
}

// ExitStatus implements [Document].
func (s *Scenarios) ExitStatus() int { return ExitOK }

func (s *Scenarios) drawText(p *page) {
	list := make([]field, 0, len(s.Scenarios))
	for _, scenario := range s.Scenarios {
		list = append(list, field{scenario.Name, scenario.Title})
	}
	p.fields("", list...)
}
