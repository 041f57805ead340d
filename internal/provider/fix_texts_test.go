package provider

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// advised finds what a text tells to change: lab_istio_mesh.tracing.sampling, or a resource alone.
var advised = regexp.MustCompile(`\blab_[a-z0-9_]+(?:\.[a-z_]+)*`)

// TestAdvice_NamesWhatExists reads every text of the diagnosis and of the checks: what they tell to change must be a
// resource or data source of this provider, and an attribute that it has.
func TestAdvice_NamesWhatExists(t *testing.T) {
	t.Parallel()
	known := everyPath(t)
	seen := 0
	for _, pattern := range []string{"../verify/*.go", "trace_check*.go", "traffic_send.go", "target_check.go", "request.go", "actions.go", "data_source_traces.go"} {
		for text, at := range literals(t, pattern) {
			for _, name := range advised.FindAllString(text, -1) {
				seen++
				if !known[name] {
					t.Errorf("%s tells of %s, which does not exist: %q", at, name, text)
				}
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d pieces of advice were found: the search is wrong", seen)
	}
}

// everyPath has every resource and data source, and all paths of attributes below them, without keys of maps.
func everyPath(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	p := &labProvider{}
	for _, construct := range p.Resources(t.Context()) {
		var meta resource.MetadataResponse
		var got resource.SchemaResponse
		r := construct()
		r.Metadata(t.Context(), resource.MetadataRequest{ProviderTypeName: "lab"}, &meta)
		r.Schema(t.Context(), resource.SchemaRequest{}, &got)
		known[meta.TypeName] = true
		everyAttribute(got.Schema.Attributes, meta.TypeName+".", func(path string, _ attribute) { known[path] = true })
	}
	for _, construct := range p.DataSources(t.Context()) {
		var meta datasource.MetadataResponse
		var got datasource.SchemaResponse
		d := construct()
		d.Metadata(t.Context(), datasource.MetadataRequest{ProviderTypeName: "lab"}, &meta)
		d.Schema(t.Context(), datasource.SchemaRequest{}, &got)
		known[meta.TypeName] = true
		everyAttribute(got.Schema.Attributes, meta.TypeName+".", func(path string, _ attribute) { known[path] = true })
	}
	return known
}

// literals are the texts in the sources that a pattern names, tests left out, and where they are.
func literals(t *testing.T, pattern string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	found := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					found[text] = set.Position(literal.Pos()).String()
				}
			}
			return true
		})
	}
	return found
}
