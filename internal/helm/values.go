package helm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	helmyaml "sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// MergeValues merges YAML documents in order, the later over the earlier, as helm does with several -f: maps are
// merged, everything else is replaced, and null takes a chart's default away. Whole numbers become int64.
//
// An error is of kind fault.Invalid and names the document, counted from 1, the line and the column.
func MergeValues(docs []string) (map[string]any, error) {
	out := map[string]any{}
	for i, doc := range docs {
		values, err := parseValues(doc)
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "values document %d%w", i+1, err)
		}
		out = mergeMaps(out, values)
	}
	return out, nil
}

// mergeMaps returns over laid onto base; neither is changed.
func mergeMaps(base, over map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = make(map[string]any, len(over))
	}
	for key, value := range over {
		upper, isMap := value.(map[string]any)
		lower, wasMap := out[key].(map[string]any)
		if isMap && wasMap {
			value = mergeMaps(lower, upper)
		}
		out[key] = value
	}
	return out
}

// errAt is an error at a place in a document. Its text goes on from "values document 1".
type errAt struct {
	line, column int
	what         string
}

func (e errAt) Error() string {
	switch {
	case e.line == 0:
		return ": " + e.what
	case e.column == 0:
		return fmt.Sprintf(", line %d: %s", e.line, e.what)
	}
	return fmt.Sprintf(", line %d, column %d: %s", e.line, e.column, e.what)
}

// parseValues reads one document. Positions come from a parser that knows them; the values come from the parser
// that Helm uses, because it reads some words differently ("yes" is true).
func parseValues(doc string) (map[string]any, error) {
	if err := checkValues(doc); err != nil {
		return nil, err
	}
	asJSON, err := helmyaml.YAMLToJSONStrict([]byte(doc))
	if err != nil {
		return nil, errAt{line: lineOf(err), what: "this is not YAML that Helm understands"}
	}
	values, err := decodeNumbers[map[string]any](asJSON)
	if err != nil {
		return nil, errAt{what: "this is not YAML that Helm understands"}
	}
	return values, nil
}

// checkValues finds what is wrong with a document and where.
func checkValues(doc string) error {
	loader, err := yaml.NewLoader(strings.NewReader(doc))
	if err != nil {
		return errAt{what: err.Error()}
	}
	var node yaml.Node
	switch err := loader.Load(&node); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return positionOf(err)
	}
	if err := checkRoot(&node); err != nil {
		return err
	}
	var second yaml.Node
	switch err := loader.Load(&second); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return positionOf(err)
	}
	return errAt{second.Line, second.Column, "a second YAML document begins here; give it as a document of its own"}
}

func positionOf(err error) error {
	var at *yaml.LoadError
	if errors.As(err, &at) {
		return errAt{at.Mark.Line, at.Mark.Column, at.Message}
	}
	return errAt{line: lineOf(err), what: "this is not YAML"}
}

// checkRoot wants a mapping, or nothing at all.
func checkRoot(node *yaml.Node) error {
	if node.Kind == yaml.DocumentNode {
		if len(node.Content) == 0 {
			return nil
		}
		node = node.Content[0]
	}
	switch {
	case node.Kind == yaml.MappingNode:
		return checkKeys(node)
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return nil
	}
	return errAt{node.Line, node.Column, "values must be a mapping (key: value)"}
}

// checkKeys looks for keys that Helm would refuse or silently drop.
func checkKeys(node *yaml.Node) error {
	if node.Kind == yaml.MappingNode {
		seen := map[string]bool{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if key.Kind == yaml.MappingNode || key.Kind == yaml.SequenceNode {
				return errAt{key.Line, key.Column, "a key cannot be a map or a list; is this a template that nobody filled in?"}
			}
			if seen[key.Value] && key.Tag != "!!merge" {
				return errAt{key.Line, key.Column, fmt.Sprintf("key %q is here twice", key.Value)}
			}
			seen[key.Value] = true
		}
	}
	for _, child := range node.Content {
		if err := checkKeys(child); err != nil {
			return err
		}
	}
	return nil
}

var lineInText = regexp.MustCompile(`line (\d+)`)

// lineOf reads the line out of a parser's text; zero when it tells none.
func lineOf(err error) int {
	found := lineInText.FindStringSubmatch(err.Error())
	if found == nil {
		return 0
	}
	line, _ := strconv.Atoi(found[1])
	return line
}

// decodeNumbers decodes JSON with whole numbers as int64 and all others as float64.
func decodeNumbers[T any](data []byte) (T, error) {
	var raw any
	var none T
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&raw); err != nil {
		return none, err
	}
	if raw == nil {
		return none, nil
	}
	out, ok := numbers(raw).(T)
	if !ok {
		return none, fmt.Errorf("unexpected %T", raw)
	}
	return out, nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = numbers(item)
		}
	case []any:
		for i, item := range v {
			v[i] = numbers(item)
		}
	case json.Number:
		if whole, err := v.Int64(); err == nil {
			return whole
		}
		fraction, _ := v.Float64()
		return fraction
	}
	return v
}

// helmValues returns the values in the form in which helm -f hands them to charts, where every number is a float64:
// charts ask for that kind. It is a copy, because Helm changes what it gets.
func helmValues(s Spec) (map[string]any, error) {
	data, err := json.Marshal(mergeMaps(s.Values, s.SecretValues))
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "the values cannot be written as JSON")
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fault.Newf(fault.Invalid, "the values cannot be written as JSON")
	}
	return out, nil
}
