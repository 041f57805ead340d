package rke2

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"slices"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

//go:embed scripts/*.sh
var scripts embed.FS

// script is one of the shell scripts of this package with what it needs to know.
type script struct {
	// name is what is being done, for errors; file is the script's name in scripts/.
	name, file string
	env        map[string]string
}

// functions are the scripts with functions that others call, by the name of the caller.
var functions = map[string]string{"preflight.sh": "listeners.sh", "ports.sh": "listeners.sh"}

// run runs a script as root and reads its answer.
func run(ctx context.Context, h Host, s script) (hostscript.Answer, error) {
	body, err := s.body()
	if err != nil {
		return hostscript.Answer{}, err
	}
	return hostscript.Run(ctx, h, hostscript.Script{Name: s.name, Body: body, Env: s.env, Sudo: true, Redact: redact})
}

func (s script) body() (string, error) {
	var body string
	for _, file := range []string{functions[s.file], s.file} {
		if file == "" {
			continue
		}
		text, err := scripts.ReadFile("scripts/" + file)
		if err != nil {
			return "", fmt.Errorf("reading a script: %w", err)
		}
		body += string(text)
	}
	return body, nil
}

// sortedKeys lists a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
