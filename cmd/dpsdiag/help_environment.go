package main

import (
	"fmt"
	"strings"

	"dpsdiag/internal/edgeconf"
)

// environmentTopic is the topic of help about environment variables.
const environmentTopic = "environment"

const environmentIntro = `Environment variables of dpsdiag itself:

  HTTPS_PROXY, ALL_PROXY, NO_PROXY  the proxy of probe, in small letters too;
                                    --proxy wins
  SSL_CERT_FILE, SSL_CERT_DIR       trusted certificates in place of the
                                    system's, on Linux
  NO_COLOR, TERM=dumb               no colour
  LC_ALL, LC_CTYPE, LANG            ASCII marks where the first that is set
                                    does not say UTF-8

Variables of the SDK samples. probe takes from them what neither a flag nor the
file of --from gives. Of several samples the first whose credential is set
counts, or else the one with the most variables. Variables whose name alone says
nothing of provisioning, such as KEY_FILE, count beside one that does.
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
