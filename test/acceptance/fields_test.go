package acceptance_test

import (
	"fmt"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// field follows a path into an object. A path is made of names with dots between them; ["a.b"] is a name with dots,
// [2] an element of a list, [name=x] the element whose name is x. What holds a text is opened by "|yaml|" or "|ini|":
// data.mesh|yaml|defaultConfig.tracing. What is not there is nil.
func field(at any, path string) (any, error) {
	for {
		head, rest, opened := strings.Cut(path, "|")
		steps, err := fieldSteps(head)
		if err != nil {
			return nil, err
		}
		for _, step := range steps {
			at = fieldStep(at, step)
		}
		if !opened {
			return at, nil
		}
		format, rest, ok := strings.Cut(rest, "|")
		if !ok {
			return nil, fmt.Errorf("path %q: a format is not closed", path)
		}
		text, _ := at.(string)
		if at, err = open(format, text); err != nil {
			return nil, fmt.Errorf("path %q: %w", path, err)
		}
		path = rest
	}
}

func open(format, text string) (any, error) {
	switch format {
	case "yaml":
		var value any
		return value, yamlInto(text, &value)
	case "ini":
		return sections(text), nil
	}
	return nil, fmt.Errorf("there is no format %q", format)
}

func yamlInto(text string, value *any) error {
	return yaml.Unmarshal([]byte(text), value)
}

// sections reads an INI file into its sections, and values into what they look like.
func sections(text string) map[string]any {
	out := map[string]any{}
	at := map[string]any{}
	out[""] = at
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			at = map[string]any{}
			out[strings.TrimSuffix(name, "]")] = at
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok {
			var typed any
			if yamlInto(strings.TrimSpace(value), &typed) != nil {
				typed = strings.TrimSpace(value)
			}
			at[strings.TrimSpace(key)] = typed
		}
	}
	return out
}

func fieldSteps(path string) ([]string, error) {
	var steps []string
	for rest := path; rest != ""; rest = strings.TrimPrefix(rest, ".") {
		end := strings.IndexAny(rest, ".[")
		switch {
		case strings.HasPrefix(rest, `["`):
			name, after, ok := strings.Cut(rest[2:], `"]`)
			if !ok {
				return nil, fmt.Errorf("path %q: %s is not closed", path, rest)
			}
			steps, rest = append(steps, name), after
		case rest[0] == '[':
			name, after, ok := strings.Cut(rest, "]")
			if !ok {
				return nil, fmt.Errorf("path %q: %s is not closed", path, rest)
			}
			steps, rest = append(steps, name), after
		case end < 0:
			return append(steps, rest), nil
		default:
			steps, rest = append(steps, rest[:end]), rest[end:]
		}
	}
	return steps, nil
}

func fieldStep(at any, step string) any {
	switch at := at.(type) {
	case map[string]any:
		return at[step]
	case []any:
		selector := strings.TrimPrefix(step, "[")
		if i, err := strconv.Atoi(selector); err == nil && i >= 0 && i < len(at) {
			return at[i]
		}
		key, value, ok := strings.Cut(selector, "=")
		for _, item := range at {
			if m, isMap := item.(map[string]any); ok && isMap && fmt.Sprint(m[key]) == value {
				return m
			}
		}
	}
	return nil
}

// holds reports whether got has everything that want has: maps may have more keys, lists are as long, and a want of
// nil is satisfied by what is not there or says nothing.
func holds(got, want any) bool {
	switch want := want.(type) {
	case nil:
		return emptyField(got)
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok {
			return len(want) == 0 && emptyField(got)
		}
		for key, value := range want {
			if !holds(m[key], value) {
				return false
			}
		}
		return true
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) != len(want) {
			return len(want) == 0 && emptyField(got)
		}
		for i, value := range want {
			if !holds(l[i], value) {
				return false
			}
		}
		return true
	}
	// numbers are float64 on one side and int64 on the other
	return got != nil && fmt.Sprint(got) == fmt.Sprint(want)
}

func emptyField(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// yamlStrict decodes a document and refuses keys that are not known.
func yamlStrict(text string, into any) error {
	return yaml.UnmarshalStrict([]byte(text), into)
}
