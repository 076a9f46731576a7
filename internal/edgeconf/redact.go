package edgeconf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// redacted replaces a value that may be a secret.
const redacted = "[redacted]"

// Redact reads the configuration at path and returns it as TOML that may be given to others:
// without comments, and with most texts replaced. Kept are numbers, file URIs, the addresses
// of proxies without their credentials, and the values of keys that hold names, hosts or
// kinds, unless such a value looks like a secret. An error says why it is not a configuration.
func Redact(path string, readFile func(string) ([]byte, error)) (string, error) {
	data, err := load(path, readFile)
	if err != nil {
		return "", err
	}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return "", fmt.Errorf("%s is not TOML", path) // the library's error quotes the file
	}
	text, err := toml.Marshal(redact("", tree))
	return string(text), err
}

// redact returns a value in which texts are replaced, except those that may be shown.
func redact(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[name] = redact(name, member)
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, member := range v {
			out = append(out, redact(key, member))
		}
		return out
	case string:
		return redactText(key, v)
	}
	return value
}

func redactText(key, text string) string {
	switch {
	case isProxyVariable(key):
		return showProxy(text)
	case !slices.Contains(openKeys(), key) && !strings.HasPrefix(text, "file://"), looksSecret(text):
		return redacted
	}
	return text
}

// openKeys are the keys whose values are names, hosts and kinds.
func openKeys() []string {
	return []string{
		"hostname", "parent_hostname", "homedir", "source", "global_endpoint", "id_scope", "scope_id", "method",
		"registration_id", "device_id", "iothub_hostname", "common_name", "auto_reprovisioning_mode",
	}
}
