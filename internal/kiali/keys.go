package kiali

import (
	_ "embed"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// keyList names every key of the Kiali object's spec from 1.60 to 2.29, indented below its parent, with the first
// version that knows it (+1.75) and the first that does not any more (-2.14); "*" stands for keys of the user's own.
// It was read from kiali-operator:crd-docs/crd/kiali.io_kialis.yaml at each minor version. The operator has no schema
// in its chart below 2.15 and then takes every key without a word.
//
//go:embed keys.txt
var keyList string

// keySet are the keys that one version knows.
type keySet struct {
	below map[string]keySet
	// open keys have keys of the user's own below them.
	open bool
	// newer says that the version is newer than the list.
	newer bool
}

// keysOf returns the keys of a version.
func keysOf(version versions.Version) keySet {
	lines := strings.Split(strings.TrimRight(keyList, "\n"), "\n")
	set, _ := read(lines, 0, version)
	set.newer = version.AtLeast(2, 30, 0)
	return set
}

// read takes the lines that are indented at least as deep as depth and returns the rest.
func read(lines []string, depth int, at versions.Version) (keySet, []string) {
	set := keySet{below: map[string]keySet{}}
	for len(lines) > 0 {
		text := strings.TrimLeft(lines[0], " ")
		if (len(lines[0])-len(text))/2 < depth {
			break
		}
		words := strings.Fields(text)
		var below keySet
		below, lines = read(lines[1:], depth+1, at)
		switch {
		case !holds(words[1:], at):
		case words[0] == "*":
			set.open = true
		default:
			set.below[words[0]] = below
		}
	}
	return set, lines
}

// holds reports whether a key with these bounds exists in a version.
func holds(bounds []string, at versions.Version) bool {
	for _, bound := range bounds {
		major, rest, _ := strings.Cut(bound[1:], ".")
		since := bound[0] == '+'
		if since != at.AtLeast(number(major), number(rest), 0) {
			return false
		}
	}
	return true
}

func number(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64) // the list is ours, and a test reads all of it
	return n
}

// has reports whether there is a key at a path.
func (k keySet) has(path ...string) bool {
	for _, key := range path {
		below, ok := k.below[key]
		if !ok {
			return false
		}
		k = below
	}
	return true
}

// unknown lists the keys of values that are not in the set, sorted, each with the one that it resembles most.
func (k keySet) unknown(values map[string]any, path []string) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		below, ok := k.below[key]
		if !ok && !k.open {
			found = append(found, hint(path, key, k.nearest(key)))
			continue
		}
		if ok && !below.open {
			found = append(found, below.inside(values[key], append(path[:len(path):len(path)], key))...)
		}
	}
	return found
}

// inside looks into maps, and into the maps of a list. A key without keys below it takes what it is given.
func (k keySet) inside(value any, path []string) []string {
	if len(k.below) == 0 {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		return k.unknown(v, path)
	case []any:
		var found []string
		for _, element := range v {
			found = append(found, k.inside(element, path)...)
		}
		return found
	}
	return nil
}

// nearest is the key that a mistyped one resembles; empty when none does.
func (k keySet) nearest(wrong string) string {
	best, found := 3, ""
	for _, key := range slices.Sorted(maps.Keys(k.below)) {
		if d := levenshtein.Distance(wrong, key, nil); d < best && d < len(key) {
			best, found = d, key
		}
	}
	return found
}
