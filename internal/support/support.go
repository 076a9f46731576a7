// Package support knows how long releases of the software on devices are supported. The dates are in
// table.go. A release past its end is a remark about a device, not a cause of a failure.
package support

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Product is software or hardware whose releases have an end of support.
type Product string

// The products.
const (
	IoTEdge     Product = "IoT Edge" // with its identity service, which has the same releases
	EFLOW       Product = "IoT Edge for Linux on Windows"
	AzureSphere Product = "Azure Sphere MT3620"
)

// End is the end of support of a release and of every release before it.
type End struct {
	Product Product
	Release string // major and minor number; "" if the product has none
	Date    string // yyyy-mm-dd, the last day or the day of the announcement's event
	Instead string // what to use, in a few words
	Source  string // where the date was read
}

// Past returns the end of support of a release that has ended on a day, or nil. The version may have
// more parts than the table, such as "1.4.20-1"; one that cannot be read has no end.
func Past(product Product, version string, day time.Time) *End {
	for _, end := range Ends() {
		if end.Product != product || end.Release != "" && !upTo(version, end.Release) {
			continue
		}
		if day.UTC().Format(time.DateOnly) > end.Date {
			return &end
		}
		return nil
	}
	return nil
}

// Says returns one sentence: a release is past its end of support.
func (e *End) Says(version string) string {
	switch {
	case e.Release == "":
		return fmt.Sprintf("%s reached its end of life on %s; %s", e.Product, e.Date, e.Instead)
	case version == e.Release || strings.HasPrefix(version, e.Release+"."):
		return fmt.Sprintf("%s %s has been out of support since %s; %s", e.Product, version, e.Date, e.Instead)
	}
	return fmt.Sprintf("%s %s has been out of support since %s or earlier; %s", e.Product, version, e.Date, e.Instead)
}

// upTo reports whether a version is of that release or of an earlier one.
func upTo(version, release string) bool {
	major, minor, ok := parts(version)
	lastMajor, lastMinor, _ := parts(release)
	return ok && (major < lastMajor || major == lastMajor && minor <= lastMinor)
}

// parts returns the first two numbers of a version.
func parts(version string) (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(version, ".")
	end := strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(rest)
	}
	major, err := strconv.Atoi(first)
	if err != nil {
		return 0, 0, false
	}
	minor, err = strconv.Atoi(rest[:end])
	return major, minor, err == nil
}
