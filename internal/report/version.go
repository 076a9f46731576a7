package report

// VersionSchema names the JSON of a [Version].
const VersionSchema = "dpsdiag/version/1"

// Version says which program this is. Revision, Time and Modified are those of the source
// it was built from, empty if the build did not record them.
type Version struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Time     string `json:"time"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// ExitStatus implements [Document].
func (v *Version) ExitStatus() int { return ExitOK }

func (v *Version) drawText(p *page) {
	revision := v.Revision
	if v.Modified {
		revision += " with changes"
	}
	p.line(span{"dpsdiag " + v.Version, strong})
	p.fields("  ",
		field{"revision", revision},
		field{"committed", v.Time},
		field{"built with", v.Go},
		field{"for", v.Platform})
}
