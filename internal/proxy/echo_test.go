package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"dpsdiag/internal/dps"
)

// TestNoCredentialsOfAProxy: a proxy that repeats the request in its headers and its page, with any escapes,
// does not bring the credentials into the evidence.
func TestNoCredentialsOfAProxy(t *testing.T) {
	t.Parallel()
	const user, password = "pl&nt", "hunter<2>/+="
	p := &Proxy{Kind: HTTP, Host: "proxy.example", Port: 3128, User: dps.NewSecret(user), Password: dps.NewSecret(password)}
	each := func(format string) string {
		var b strings.Builder
		for _, c := range []byte(password) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
	for name, echo := range map[string]string{
		"plain": user + ":" + password, "Basic": p.basic(), "URL": "http://" + url.UserPassword(user, password).String() + "@proxy", "small": strings.ToLower(url.QueryEscape(password)),
		"HTML": html.EscapeString(password), "references": each("&#%d;"), "percent": each("%%%02x"), "twice": each("%%25%02X"), "JSON": each(`\u%04x`),
	} {
		for _, status := range []string{"407 Auth", "403 No", "503 Down", "302 Found", "200 OK"} {
			ours, theirs := net.Pipe()
			go io.Copy(io.Discard, theirs)
			go func() {
				page := "<html>" + echo + "</html>"
				fmt.Fprintf(theirs, "HTTP/1.1 %s\r\nServer: %s\r\nProxy-Status: %s\r\nLocation: %s\r\nProxy-Authenticate: Basic realm=%q\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s",
					status, echo, echo, echo, echo, len(page), page)
				theirs.Close()
			}()
			_, a := p.Connect(context.Background(), ours, "dps.example:443", nil)
			text, err := json.Marshal(a)
			if err != nil || a.Failure == nil || a.Body.Excerpt == "" {
				t.Fatalf("%s, %s: %v, %+v", name, status, err, a)
			}
			if shown := fmt.Sprintf("%+v %s", a, text); strings.Contains(shown, echo) || strings.Contains(shown, "hunter") || !strings.Contains(shown, "[redacted]") {
				t.Errorf("%s, %s: %s", name, status, shown)
			}
			ours.Close()
		}
	}
}
