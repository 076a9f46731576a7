// Package schematest checks documents in tests against the schemas that they promise to
// follow: [Load] reads one of docs/schema, [LoadSARIF] that of SARIF, and [JUnit] holds
// what readers of JUnit XML agree on.
package schematest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	// The module carries the schema that OASIS publishes.
	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is a JSON Schema.
type Schema struct{ compiled *jsonschema.Schema }

// Load reads a schema of docs/schema, such as "probe-1".
func Load(t testing.TB, name string) *Schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(t), "docs", "schema", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, name, data)
}

// LoadSARIF reads the schema of SARIF 2.1.0.
func LoadSARIF(t testing.TB) *Schema {
	t.Helper()
	const module = "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("find the SARIF schema: %v", err)
	}
	return compile(t, "sarif-2.1.0", constant(t, filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), "schema"))
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

// root is the folder of the module.
func root(t testing.TB) string {
	t.Helper()
	file, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	return filepath.Dir(strings.TrimSpace(string(file)))
}

// constant is the value of a string constant in a Go file.
func constant(t testing.TB, file, name string) []byte {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var value []byte
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != name || len(spec.Values) != 1 {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			value = []byte(text)
		}
		return true
	})
	if value == nil {
		t.Fatalf("%s has no constant %s", file, name)
	}
	return value
}
