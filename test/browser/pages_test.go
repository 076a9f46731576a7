//go:build browser

package browser

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPagesInABrowser opens every page at the widths of a desk and of a phone.
func TestPagesInABrowser(t *testing.T) {
	pages, err := filepath.Glob("../../internal/report/testdata/*.html")
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	c := startChromium(t)
	for _, page := range pages {
		for _, width := range []int{1280, 390} {
			c.resize(width)
			for _, problem := range problems(c, address(t, page)) {
				t.Errorf("%s at %d pixels: %s", filepath.Base(page), width, problem)
			}
		}
	}
}

func address(t *testing.T, page string) string {
	t.Helper()
	path, err := filepath.Abs(page)
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

func (c *chromium) resize(width int) {
	c.t.Helper()
	c.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
}

// problems opens a page and lists what a report must not do.
func problems(c *chromium, url string) []string {
	c.t.Helper()
	list := complaints(c.open(url), url)
	var page struct {
		Foreign []string
		Policy  int
		Width   int
		Room    int
		Styled  bool
		Title   string
	}
	c.evaluate(`({
		Foreign: [...document.querySelectorAll("script, img, link, iframe, object, embed, form, a, video, audio, base, b, i, em, strong")].map(e => e.outerHTML),
		Policy: document.querySelectorAll("meta[http-equiv=Content-Security-Policy]").length,
		Width: document.documentElement.scrollWidth,
		Room: document.documentElement.clientWidth,
		Styled: getComputedStyle(document.body).getPropertyValue("--ink") !== "",
		Title: document.title,
	})`, &page)
	for _, element := range page.Foreign {
		list = append(list, "an element that is not ours: "+element)
	}
	if page.Width > page.Room {
		list = append(list, fmt.Sprintf("it is %d pixels wide and has room for %d", page.Width, page.Room))
	}
	if !page.Styled {
		list = append(list, "its style sheet does not apply")
	}
	if page.Policy != 1 || !strings.HasPrefix(page.Title, "dpsdiag") {
		list = append(list, fmt.Sprintf("%d policies, title %q", page.Policy, page.Title))
	}
	return list
}

// complaints are what a browser reports about a page while it loads: requests besides that of the
// page, errors, warnings, whatever a script writes.
func complaints(events []message, url string) []string {
	var list []string
	for _, m := range events {
		switch m.Method {
		case "Network.requestWillBeSent":
			var event struct{ Request struct{ URL string } }
			if err := json.Unmarshal(m.Params, &event); err != nil || event.Request.URL != url {
				list = append(list, "a request: "+event.Request.URL)
			}
		case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening":
			list = append(list, m.Method+": "+string(m.Params))
		}
	}
	return list
}

// TestProblemsAreSeen opens a page that does what a report must not.
func TestProblemsAreSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bad.html")
	page := `<!DOCTYPE html><title>bad</title><link rel=stylesheet href=nowhere.css><b>bold</b><div style="width: 3000px">wide</div>
		<script>console.log("hello"); undefined.property</script>`
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	c := startChromium(t)
	c.resize(1280)
	found := strings.Join(problems(c, address(t, path)), "\n")
	for _, want := range []string{
		"a request: file:///", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "an element that is not ours: <b>",
		"an element that is not ours: <script>", "pixels wide", "its style sheet does not apply", "0 policies",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("%q was not seen in\n%s", want, found)
		}
	}
}

// TestLightAndDark: the page follows the reader's choice, with enough contrast in both.
func TestLightAndDark(t *testing.T) {
	c := startChromium(t)
	grounds := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		c.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		c.open(address(t, "../../internal/report/testdata/probe-fault.html"))
		var look struct {
			Ground string
			Poor   []string
		}
		c.evaluate(contrasts, &look)
		grounds[scheme] = look.Ground
		for _, element := range look.Poor {
			t.Errorf("%s: too little contrast: %s", scheme, element)
		}
	}
	if grounds["light"] == grounds["dark"] {
		t.Errorf("both have the background %s", grounds["light"])
	}
}

// contrasts finds texts whose contrast with what is behind them is below 4.5, the least of
// WCAG 2.2 (1.4.3) for text of the usual size.
const contrasts = `(() => {
	const channels = c => c.match(/[\d.]+/g).slice(0, 3).map(Number);
	const opaque = c => c !== "rgba(0, 0, 0, 0)" && c !== "transparent";
	const light = c => channels(c).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (opaque(c)) return c; } return "rgb(255, 255, 255)"; };
	const poor = [];
	document.querySelectorAll("details").forEach(d => d.open = true);
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
		const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(((a + 0.05) / (b + 0.05)).toFixed(1) + " " + e.outerHTML.slice(0, 80));
	}
	return {Ground: getComputedStyle(document.body).backgroundColor, Poor: poor};
})()`

// TestItPrints: on paper the page is not wider than the sheet and has a text layer.
func TestItPrints(t *testing.T) {
	c := startChromium(t)
	c.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}}, nil)
	c.open(address(t, "../../internal/report/testdata/probe-compared.html"))
	var printed struct{ Data string }
	c.call("Page.printToPDF", map[string]any{"printBackground": false}, &printed)
	pdf, err := base64.StdEncoding.DecodeString(printed.Data)
	if err != nil || !strings.HasPrefix(string(pdf), "%PDF-") || !strings.Contains(string(pdf), "/Font") {
		t.Errorf("%d bytes, %v", len(pdf), err)
	}
	c.call("Emulation.setEmulatedMedia", map[string]any{"media": "print", "features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}}, nil)
	var ground string
	c.evaluate("getComputedStyle(document.body).backgroundColor", &ground)
	if ground != "rgb(255, 255, 255)" {
		t.Errorf("the paper is %s", ground)
	}
}
