package helm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v4"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// index is a repository's index.yaml. Indexes have tens of megabytes and thousands of charts, of which a run needs
// a handful: so the text is cut into charts, and a chart's part is parsed when it is asked for, once.
type index struct {
	parts map[string][]byte

	mu     sync.Mutex
	parsed map[string][]entry
}

// entry is one version of a chart. The tags are the keys of pkg/repo/index.go in Helm.
type entry struct {
	Version string   `json:"version" yaml:"version"`
	URLs    []string `json:"urls" yaml:"urls"`
	Digest  string   `json:"digest" yaml:"digest"`

	AppVersion  string `json:"appVersion" yaml:"appVersion"`
	KubeVersion string `json:"kubeVersion" yaml:"kubeVersion"`
	Description string `json:"description" yaml:"description"`
	Deprecated  bool   `json:"deprecated" yaml:"deprecated"`
}

// readIndex cuts an index into charts. The text is kept, and must not be changed. Errors are of kind fault.Invalid.
func readIndex(text []byte) (*index, error) {
	parts := cutIndex(text)
	if parts == nil {
		var err error
		if parts, err = parseIndex(text); err != nil {
			return nil, fault.Newf(fault.Invalid, "index.yaml is not a chart index: %w", err)
		}
	}
	return &index{parts: parts, parsed: map[string][]entry{}}, nil
}

// names lists the charts, sorted.
func (i *index) names() []string {
	out := make([]string, 0, len(i.parts))
	for name := range i.parts {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// versions lists what there is of a chart, newest first; nothing for a chart that is not there. Entries whose
// version is no version are left out, as Helm does.
func (i *index) versions(name string) ([]entry, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if got, ok := i.parsed[name]; ok {
		return got, nil
	}
	part, ok := i.parts[name]
	if !ok {
		return nil, nil
	}
	all, err := readEntries(part)
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "index.yaml has a malformed entry for chart %s: %w", name, err)
	}
	i.parsed[name] = newestFirst(all)
	return i.parsed[name], nil
}

func readEntries(part []byte) (all []entry, err error) {
	if json.Unmarshal(part, &all) == nil {
		return all, nil
	}
	return all, yaml.Unmarshal(part, &all)
}

func newestFirst(all []entry) []entry {
	type versioned struct {
		entry
		version *semver.Version
	}
	var valid []versioned
	for _, e := range all {
		if v, err := semver.NewVersion(e.Version); err == nil {
			valid = append(valid, versioned{e, v})
		}
	}
	slices.SortStableFunc(valid, func(a, b versioned) int { return b.version.Compare(a.version) })
	out := make([]entry, len(valid))
	for at, v := range valid {
		out[at] = v.entry
	}
	return out
}

// cutIndex finds the text of each chart below "entries:" by its indentation, without parsing it. It returns nil
// when the text is not laid out in the block style that every known tool writes; then it must be parsed.
func cutIndex(text []byte) map[string][]byte {
	body, found := bytes.CutPrefix(text, []byte("entries:"))
	if !found {
		if _, body, found = bytes.Cut(text, []byte("\nentries:")); !found {
			return nil
		}
	}
	first, body, _ := bytes.Cut(body, []byte("\n"))
	if len(bytes.TrimSpace(first)) > 0 {
		return nil
	}
	cut := cutter{parts: map[string][]byte{}}
	for len(body) > 0 {
		end := bytes.IndexByte(body, '\n') + 1
		if end == 0 {
			end = len(body)
		}
		more, ok := cut.line(body[:end])
		if !ok {
			return nil
		}
		if !more {
			break
		}
		body = body[end:]
	}
	cut.finish()
	return cut.parts
}

// cutter collects the lines of one chart after the other. Lines are slices of one text, so collecting them is
// widening a slice.
type cutter struct {
	parts  map[string][]byte
	indent int
	name   string
	part   []byte
}

// line takes the next line. It reports whether entries go on, and whether the layout is still understood.
func (c *cutter) line(line []byte) (more, ok bool) {
	content := bytes.TrimLeft(line, " ")
	indent := len(line) - len(content)
	item := content[0] == '-'
	switch {
	case len(bytes.TrimSpace(content)) == 0 || content[0] == '#':
	case indent == 0 && !item:
		return false, true
	case indent < max(1, c.indent) || content[0] == '\t':
		return false, false
	case c.indent == 0 || indent == c.indent && !item:
		return c.begin(indent, content)
	}
	if c.name != "" {
		c.part = extend(c.part, line)
	}
	return true, true
}

// begin takes a line that names the next chart.
func (c *cutter) begin(indent int, content []byte) (more, ok bool) {
	name, ok := chartKey(content)
	if !ok {
		return false, false
	}
	c.finish()
	c.indent, c.name, c.part = indent, name, nil
	return true, true
}

func (c *cutter) finish() {
	if c.name != "" {
		c.parts[c.name] = c.part
	}
}

// extend widens part by the line that follows it in the same text.
func extend(part, line []byte) []byte {
	if part == nil {
		return line
	}
	return part[:len(part)+len(line)]
}

// chartKey reads a line that holds a key and nothing else.
func chartKey(content []byte) (string, bool) {
	key, rest, found := bytes.Cut(content, []byte(":"))
	if !found || len(bytes.TrimSpace(rest)) > 0 {
		return "", false
	}
	name := string(bytes.Trim(key, `"'`))
	return name, name != ""
}

// parseIndex cuts an index of any other layout, such as JSON, by parsing it.
func parseIndex(text []byte) (map[string][]byte, error) {
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '{' {
		var doc struct {
			Entries map[string]json.RawMessage `json:"entries"`
		}
		if err := json.Unmarshal(text, &doc); err == nil && doc.Entries != nil {
			parts := make(map[string][]byte, len(doc.Entries))
			for name, raw := range doc.Entries {
				parts[name] = raw
			}
			return parts, nil
		}
	}
	var doc struct {
		Entries map[string]yaml.Node `yaml:"entries"`
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if doc.Entries == nil {
		return nil, fmt.Errorf("it has no entries")
	}
	parts := make(map[string][]byte, len(doc.Entries))
	for name, node := range doc.Entries {
		part, err := yaml.Marshal(&node)
		if err != nil {
			return nil, err
		}
		parts[name] = part
	}
	return parts, nil
}
