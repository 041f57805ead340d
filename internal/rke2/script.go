package rke2

import (
	"context"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
)

//go:embed scripts/*.sh
var scripts embed.FS

// script is one of the shell scripts of this package with what it needs to know. Values travel in the environment,
// so nothing is ever quoted into shell text.
type script struct {
	// name is what is being done, for errors; file is the script's name in scripts/.
	name, file string
	env        map[string]string
}

const (
	blockBegin = "@terraform-provider-lab begin"
	blockEnd   = "@terraform-provider-lab end"
)

// block is what a script answered. A key may have been said more than once.
type block struct {
	text  map[string][]string
	bytes map[string][][]byte
}

// value returns the last text said under a key, or nothing.
func (b block) value(key string) string {
	values := b.text[key]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// blob returns the last bytes said under a key, or nothing.
func (b block) blob(key string) []byte {
	values := b.bytes[key]
	if len(values) == 0 {
		return nil
	}
	return values[len(values)-1]
}

// run runs a script as root and reads its answer. What a failed script had written to its output does not enter the
// error, because an answer may carry the content of files.
func run(ctx context.Context, h Host, s script) (block, error) {
	text, err := s.text()
	if err != nil {
		return block{}, err
	}
	result, err := h.Run(ctx, host.Command{Name: s.name, Script: text, Env: s.env, Sudo: true})
	if err != nil {
		var failed *fault.CommandError
		if errors.As(err, &failed) {
			return block{}, &fault.CommandError{Name: failed.Name, Host: failed.Host, Code: failed.Code, Stderr: redact(failed.Stderr)}
		}
		return block{}, err
	}
	answer, err := parseBlock(result.Stdout)
	if err != nil {
		return block{}, fmt.Errorf("%s on %s: %w", s.name, h, err)
	}
	return answer, nil
}

func (s script) text() (string, error) {
	prelude, err := scripts.ReadFile("scripts/prelude.sh")
	if err != nil {
		return "", fmt.Errorf("reading a script: %w", err)
	}
	body, err := scripts.ReadFile("scripts/" + s.file)
	if err != nil {
		return "", fmt.Errorf("reading a script: %w", err)
	}
	return string(prelude) + string(body), nil
}

// parseBlock reads the lines between the marks. Without both marks the machine ran something else (a forced
// command) or was cut off, and nothing of it is believed.
func parseBlock(output string) (block, error) {
	b := block{text: map[string][]string{}, bytes: map[string][][]byte{}}
	_, rest, begun := strings.Cut(output, blockBegin+"\n")
	body, _, ended := strings.Cut(rest, blockEnd)
	if !begun || !ended {
		return b, errors.New("the answer is not ours or not whole: does the account run a forced command?")
	}
	for line := range strings.Lines(body) {
		kind, entry, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		key, value, _ := strings.Cut(entry, " ")
		switch kind {
		case "s":
			b.text[key] = append(b.text[key], strings.TrimSpace(value))
		case "b":
			raw, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				return b, fmt.Errorf("the answer has a broken entry %s: %w", key, err)
			}
			b.bytes[key] = append(b.bytes[key], raw)
		}
	}
	return b, nil
}

// sortedKeys lists a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
