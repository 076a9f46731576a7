package proxy_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/proxy"
)

// The proxies' credentials: no text may contain them.
const (
	proxyUser     = "plant-user"
	proxyPassword = "pass:word/with%signs"
)

func TestParse(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	for text, want := range map[string]string{
		"proxy.plant:3128":                    "http://proxy.plant:3128",
		"proxy.plant":                         "http://proxy.plant:80",
		" http://proxy.plant:3128/\n":         "http://proxy.plant:3128",
		"HTTPS://proxy.plant":                 "https://proxy.plant:443",
		"socks5://proxy.plant":                "socks5://proxy.plant:1080",
		"socks5h://10.1.2.3:9":                "socks5://10.1.2.3:9",
		"http://[fd00::1]:3128":               "http://[fd00::1]:3128",
		"http://[fe80::1%25eth0]:3128":        "http://[fe80::1%25eth0]:3128",
		"http://user:word@proxy.plant:3128":   "http://proxy.plant:3128",
		"user:word@proxy.plant:3128":          "http://proxy.plant:3128",
		"socks5://user@proxy.plant":           "socks5://proxy.plant:1080",
		"":                                    "names no host",
		"http://":                             "names no host",
		"http://:3128":                        "names no host",
		"http://user:pa ss@proxy.plant":       "not a URL",
		"http://user:pa/ss@proxy.plant":       "not a URL",
		"http://user:12#ss@proxy.plant":       "more than a host",
		"http://proxy.plant/proxy.pac":        "more than a host",
		"http://proxy.plant?secret":           "more than a host",
		"ftp://proxy.plant":                   "scheme",
		"socks4://proxy.plant":                "scheme",
		"http://proxy.plant:0":                "port",
		"HostName=x;SharedAccessKey=word":     "not a host name",
		"http://proxy.plant:99999":            "port",
		"http://proxy.plant:":                 "http://proxy.plant:80",
		"http://" + long + "@proxy.plant":     "longer than 255",
		"http://a:" + long + "@proxy.plant":   "longer than 255",
		"http://us%3Aer:word@proxy.plant":     "colon",
		"socks5://us%3Aer:word@proxy.plant":   "socks5://proxy.plant:1080",
		"socks5://:word@proxy.plant":          "without a user name",
		"http://:word@proxy.plant":            "http://proxy.plant:80",
		"http://user:word@proxy.plant:3128x1": "not a URL",
	} {
		p, err := proxy.Parse(text, "here")
		switch {
		case err != nil && strings.HasPrefix(want, "http"), err != nil && !strings.Contains(err.Error(), want):
			t.Errorf("%q: error %v, want %q", text, err, want)
		case err == nil && p.URL() != want:
			t.Errorf("%q: %s, want %s", text, p.URL(), want)
		case err == nil && p.Origin != "here":
			t.Errorf("%q: origin %q", text, p.Origin)
		}
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	p, err := proxy.Parse("https://"+url.UserPassword(proxyUser, proxyPassword).String()+"@proxy.plant", "here")
	if err != nil {
		t.Fatal(err)
	}
	want := &proxy.Proxy{Kind: proxy.HTTPS, Host: "proxy.plant", Port: 443, User: dps.NewSecret(proxyUser), Password: dps.NewSecret(proxyPassword), Origin: "here"}
	if diff := cmp.Diff(want, p, cmpopts.EquateComparable(dps.Secret{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, p); strings.Contains(text, proxyUser) || strings.Contains(text, proxyPassword) {
			t.Errorf("%s prints the credentials: %s", format, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"http://u:p@h:1", "h", "socks5h://[::1]:9", "https://h/", "u:p@h", "://", "http://%zz@h", "http://u:p@h#x", "http://[fe80::1%25a]:2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := proxy.Parse(text, "here")
		if err != nil {
			if p != nil {
				t.Errorf("%q: an error and a proxy", text)
			}
			return
		}
		again, err := proxy.Parse(p.URL(), "here")
		if err != nil {
			t.Fatalf("%q: %q is not taken again: %v", text, p.URL(), err)
		}
		want := *p
		want.User, want.Password = dps.Secret{}, dps.Secret{}
		if diff := cmp.Diff(&want, again, cmpopts.EquateComparable(dps.Secret{})); diff != "" {
			t.Errorf("%q: (-want +got):\n%s", text, diff)
		}
	})
}

// environment looks up variables in the form "NAME=VALUE".
func environment(variables ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, v := range variables {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const host = "global.azure-devices-provisioning.net"
	tests := map[string]struct {
		variables []string
		host      string
		port      int
		want      string // the proxy and its origin, or the reason for a direct connection
		unused    string
	}{
		"nothing":                  {nil, host, 443, "", ""},
		"https":                    {[]string{"HTTPS_PROXY=http://p:1"}, host, 443, "http://p:1 HTTPS_PROXY", ""},
		"small letters first":      {[]string{"HTTPS_PROXY=http://p:1", "https_proxy=http://q:2"}, host, 443, "http://q:2 https_proxy", ""},
		"an empty one is unset":    {[]string{"https_proxy=", "HTTPS_PROXY=p:1"}, host, 443, "http://p:1 HTTPS_PROXY", ""},
		"all":                      {[]string{"ALL_PROXY=socks5://p"}, host, 8883, "socks5://p:1080 ALL_PROXY", ""},
		"all and https":            {[]string{"ALL_PROXY=socks5://p", "HTTPS_PROXY=q:2"}, host, 8883, "http://q:2 HTTPS_PROXY", ""},
		"http alone":               {[]string{"http_proxy=http://p:1"}, host, 443, "http_proxy is not for TLS", "http://p:1 http_proxy"},
		"http and https":           {[]string{"http_proxy=http://p:1", "HTTPS_PROXY=q:2"}, host, 443, "http://q:2 HTTPS_PROXY", ""},
		"exempted":                 {[]string{"HTTPS_PROXY=p:1", "NO_PROXY=localhost, azure-devices-provisioning.net"}, host, 443, "NO_PROXY exempts the host", "http://p:1 HTTPS_PROXY"},
		"exempted by a dot":        {[]string{"HTTPS_PROXY=p:1", "no_proxy=.azure-devices-provisioning.net"}, host, 443, "no_proxy exempts the host", "http://p:1 HTTPS_PROXY"},
		"everything exempted":      {[]string{"HTTPS_PROXY=p:1", "NO_PROXY=*"}, host, 443, "NO_PROXY exempts the host", "http://p:1 HTTPS_PROXY"},
		"another one exempted":     {[]string{"HTTPS_PROXY=p:1", "NO_PROXY=provisioning.net"}, host, 443, "http://p:1 HTTPS_PROXY", ""},
		"its port exempted":        {[]string{"HTTPS_PROXY=p:1", "NO_PROXY=" + host + ":8883"}, host, 8883, "NO_PROXY exempts the host", "http://p:1 HTTPS_PROXY"},
		"another port exempted":    {[]string{"HTTPS_PROXY=p:1", "NO_PROXY=" + host + ":8883"}, host, 443, "http://p:1 HTTPS_PROXY", ""},
		"a network exempted":       {[]string{"HTTPS_PROXY=p:1", "NO_PROXY=10.0.0.0/8"}, "10.1.2.3", 443, "NO_PROXY exempts the host", "http://p:1 HTTPS_PROXY"},
		"an IPv6 address":          {[]string{"HTTPS_PROXY=p:1", "NO_PROXY=fd00::/8"}, "fd00::7", 443, "NO_PROXY exempts the host", "http://p:1 HTTPS_PROXY"},
		"loopback":                 {[]string{"HTTPS_PROXY=p:1"}, "127.0.0.1", 443, "HTTPS_PROXY is not for loopback addresses", ""},
		"localhost":                {[]string{"HTTPS_PROXY=p:1"}, "localhost", 443, "HTTPS_PROXY is not for loopback addresses", ""},
		"nothing to be exempted":   {[]string{"NO_PROXY=*"}, host, 443, "", ""},
		"http_proxy is not looked": {[]string{"HTTPS_PROXY=p:1", "http_proxy=://"}, host, 443, "http://p:1 HTTPS_PROXY", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, err := proxy.ParseEnvironment(environment(test.variables...))
			if err != nil {
				t.Fatal(err)
			}
			choice := env.Choose(test.host, test.port)
			got, unused := choice.Direct, ""
			if choice.Proxy != nil {
				got = choice.Proxy.URL() + " " + choice.Proxy.Origin
			}
			for _, p := range choice.Unused {
				unused += p.URL() + " " + p.Origin
			}
			if got != test.want || unused != test.unused {
				t.Errorf("%q, unused %q; want %q, %q", got, unused, test.want, test.unused)
			}
		})
	}
}

func TestEnvironmentIsRefused(t *testing.T) {
	t.Parallel()
	secret := url.UserPassword(proxyUser, "hunter2").String()
	for _, variable := range []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"} {
		for _, value := range []string{"ftp://" + secret + "@p", "http://" + secret + "@p:x", "http://" + secret + "@p/" + secret} {
			env, err := proxy.ParseEnvironment(environment(variable + "=" + value))
			if err == nil || env != nil || !strings.HasPrefix(err.Error(), variable+": ") {
				t.Fatalf("%s: %v", variable, err)
			}
			if strings.Contains(err.Error(), proxyUser) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the error quotes the credentials: %v", variable, err)
			}
		}
	}
}
