// Package schematest checks documents in tests against the schemas that they must follow.
// [Load] loads a schema of docs/schema, [LoadSARIF] loads the SARIF schema, and [JUnit]
// checks the rules that readers of JUnit XML agree on.
package schematest

import (
	"bytes"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is a JSON Schema.
type Schema struct{ compiled *jsonschema.Schema }

// Load loads a schema of docs/schema, such as "probe-1".
func Load(t testing.TB, name string) *Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(t), "docs", "schema", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, name, data)
}

// sarifSchema is the schema that OASIS publishes, unchanged: docs.oasis-open.org,
// sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json.
//
//go:embed sarif-2.1.0.json
var sarifSchema []byte

// LoadSARIF loads the schema of SARIF 2.1.0.
func LoadSARIF(t testing.TB) *Schema {
	t.Helper()
	return compile(t, "sarif-2.1.0", sarifSchema)
}

// Check reports where a document does not follow the schema.
func (s *Schema) Check(t testing.TB, label string, document []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Errorf("%s: %v in %q", label, err, document)
		return
	}
	if err := s.compiled.Validate(value); err != nil {
		t.Errorf("%s: %v", label, err)
	}
}

// Accepts reports whether a decoded document follows the schema.
func (s *Schema) Accepts(value any) bool { return s.compiled.Validate(value) == nil }

func compile(t testing.TB, name string, data []byte) *Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(name, text); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	compiled, err := compiler.Compile(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &Schema{compiled}
}

// root returns the root directory of the module.
func root(t testing.TB) string {
	t.Helper()
	file, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	return filepath.Dir(strings.TrimSpace(string(file)))
}
