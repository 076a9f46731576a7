package logtext

import "slices"

// Release is a release of a product that the text names as the installed one.
type Release struct {
	Product string // [ReleaseEdge] or [ReleaseEFLOW]
	Version string // such as "1.4.20"
	Line    Line
}

// The products whose releases are read.
const (
	ReleaseEdge  = "iot-edge"
	ReleaseEFLOW = "eflow"
)

// maxReleases bounds how many releases are kept.
const maxReleases = 8

// readRelease reads a version after the name of a package or an image, or after "Version -", with which
// every service of IoT Edge begins its log. The name in the table ends with the first digit.
func (r *pass) readRelease(h hit) {
	start, end := h.end-1, h.end
	for end < len(r.text) && (isDigit(r.text[end]) || r.text[end] == '.' && end+1 < len(r.text) && isDigit(r.text[end+1])) {
		end++
	}
	version := string(r.text[start:end])
	product := ReleaseEdge
	if h.key == keyEFLOWRelease {
		product = ReleaseEFLOW
	}
	same := func(k foundRelease) bool { return k.Product == product && k.Version == version }
	if end-start < len("1.0") || len(r.releases) >= maxReleases || slices.ContainsFunc(r.releases, same) {
		return
	}
	r.releases = append(r.releases, foundRelease{Release{product, version, Line{r.place(), r.excerpt()}}, h.key == keyDaemonRelease})
}

// foundRelease is a release, and whether it counts only in a log of IoT Edge.
type foundRelease struct {
	Release
	ofDaemon bool
}

// settleReleases returns the releases that count: "Version - 1.5" is of IoT Edge only if its services
// wrote the text.
func (r *pass) settleReleases() []Release {
	edge := slices.ContainsFunc(r.found.Facts, func(f Fact) bool {
		return f.Kind == KindClient && (f.Value == ClientIdentityService || f.Value == ClientEdge11)
	})
	var found []Release
	for _, k := range r.releases {
		if edge || !k.ofDaemon {
			found = append(found, k.Release)
		}
	}
	return found
}
