package kube

import (
	"fmt"
	"strconv"
	"strings"
)

// parsePath splits the path of a field: dots between keys, a number or [n] for an element of a list, [*] for
// every element, ["a.b"] for a key with dots: `metadata.annotations["metallb.io/address-pool"]`.
func parsePath(path string) ([]string, error) {
	var out []string
	for rest := path; rest != ""; {
		switch {
		case strings.HasPrefix(rest, `["`):
			key, after, ok := strings.Cut(rest[2:], `"]`)
			if !ok {
				return nil, fmt.Errorf("path %q: %s is not closed", path, rest)
			}
			out, rest = append(out, key), after
		case rest[0] == '[':
			key, after, ok := strings.Cut(rest[1:], "]")
			if !ok {
				return nil, fmt.Errorf("path %q: %s is not closed", path, rest)
			}
			out, rest = append(out, key), after
		default:
			key := rest
			if end := strings.IndexAny(rest, ".["); end >= 0 {
				key = rest[:end]
			}
			if key == "" {
				return nil, fmt.Errorf("path %q: a name is missing before %q", path, rest)
			}
			out, rest = append(out, key), rest[len(key):]
		}
		rest2, dot := strings.CutPrefix(rest, ".")
		if dot && rest2 == "" {
			return nil, fmt.Errorf("path %q ends with a dot", path)
		}
		rest = rest2
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the path is empty")
	}
	return out, nil
}

// lookup returns what is at a parsed path: one value, or one for each element that [*] stands for. What is not
// there is nil.
func lookup(at any, path []string) []any {
	if len(path) == 0 {
		return []any{at}
	}
	switch v := at.(type) {
	case map[string]any:
		return lookup(v[path[0]], path[1:])
	case []any:
		if path[0] == "*" {
			var out []any
			for _, item := range v {
				out = append(out, lookup(item, path[1:])...)
			}
			return out
		}
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(v) {
			return lookup(v[i], path[1:])
		}
	}
	return []any{nil}
}

// empty reports whether a value says nothing: absent, "", an empty map or list.
func empty(v any) bool {
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
