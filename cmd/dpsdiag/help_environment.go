package main

import (
	"fmt"
	"strings"

	"dpsdiag/internal/edgeconf"
)

// environmentTopic is the topic of help about environment variables.
const environmentTopic = "environment"

const environmentIntro = `Environment variables of dpsdiag itself:

  HTTPS_PROXY, ALL_PROXY, NO_PROXY  the proxy of probe, also in lower case;
                                    --proxy takes precedence
  SSL_CERT_FILE, SSL_CERT_DIR       trusted certificates instead of the
                                    system's, on Linux
  NO_COLOR, TERM=dumb               no colour
  LC_ALL, LC_CTYPE, LANG            the character set, from the first one that
                                    is set: ASCII marks if it is not UTF-8

Variables of the SDK samples. probe uses them for settings that neither a flag
nor the file of --from gives. If the variables of several samples are set, probe
uses the first sample with a credential, or else the one with the most
variables. Variables with a general name, such as KEY_FILE, count only if a
variable of the same sample with a specific name is set too.
`

// environmentHelp lists every environment variable that is read.
func environmentHelp() string {
	var b strings.Builder
	b.WriteString(environmentIntro)
	for _, sample := range edgeconf.Samples() {
		fmt.Fprintf(&b, "\n%s\n", sample.Title)
		for _, v := range sample.Variables {
			fmt.Fprintf(&b, "  %-39s %s\n", v.Name, v.Holds)
		}
	}
	return b.String()
}
