package advice

import (
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/support"
)

// Note is something about a device that a text shows and that is not a cause of a failure.
type Note struct {
	Place  logtext.Place
	Text   string
	Source string // where it is published
}

// Notes returns a note for each software or hardware in the text that is past its end of support.
func Notes(found *logtext.Findings) []Note {
	var list []Note
	add := func(product support.Product, version string, at logtext.Place) {
		if end := support.Past(product, version, found.Day); end != nil {
			list = append(list, Note{at, end.Says(version), end.Source})
		}
	}
	for _, r := range found.Releases {
		product := support.IoTEdge
		if r.Product == logtext.ReleaseEFLOW {
			product = support.EFLOW
		}
		add(product, r.Version, r.Line.Place)
	}
	for _, f := range found.Facts {
		if f.Kind == logtext.KindClient && f.Value == logtext.ClientSphere {
			add(support.AzureSphere, "", f.Line.Place)
		}
	}
	return list
}
