package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v2"
)

// pair is one key of the merged configuration with all its values.
type pair struct {
	key    string
	values []string
}

// readFiles merges config.yaml and the drop-ins of config.yaml.d in alphabetical order. A later file replaces a key; `key+`
// appends to it. A missing config.yaml is no error, with or without drop-ins. The rules are those of
// k3s-io/k3s pkg/configfilearg/parser.go readConfigFile.
func readFiles(file string) ([]pair, error) {
	files, err := dropIns(file)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(file); err == nil {
		files = append([]string{file}, files...)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var order []string
	merged := map[string][]string{}
	for _, f := range files {
		pairs, err := readFile(f)
		if err != nil {
			return nil, err
		}
		for _, p := range pairs {
			key, appends := strings.CutSuffix(p.key, "+")
			old, seen := merged[key]
			if !seen {
				order = append(order, key)
			}
			if seen && appends {
				merged[key] = append(old, p.values...)
			} else {
				merged[key] = p.values
			}
		}
	}
	out := make([]pair, 0, len(order))
	for _, key := range order {
		out = append(out, pair{key: key, values: merged[key]})
	}
	return out, nil
}

func dropIns(file string) ([]string, error) {
	entries, err := os.ReadDir(file + ".d")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if !e.IsDir() && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")) {
			out = append(out, filepath.Join(file+".d", e.Name()))
		}
	}
	return out, nil
}

func readFile(file string) ([]pair, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc yaml.MapSlice
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return nil, err
	}
	out := make([]pair, 0, len(doc))
	for _, item := range doc {
		out = append(out, pair{key: scalar(item.Key), values: values(item.Value)})
	}
	return out, nil
}

func values(v any) []string {
	items, ok := v.([]any)
	if !ok {
		return []string{scalar(v)}
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		out = append(out, scalar(item))
	}
	return out
}

func scalar(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
