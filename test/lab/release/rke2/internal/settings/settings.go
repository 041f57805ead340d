// Package settings knows where the stand-in's options come from: flags, config.yaml with its drop-ins, and the environment.
package settings

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultConfigFile is read when neither --config nor RKE2_CONFIG_FILE names another file.
const DefaultConfigFile = "/etc/rancher/rke2/config.yaml"

// Options say what Load reads.
type Options struct {
	Command string              // "server" or "agent"
	Version string              // the release, v1.36.3+rke2r1; decides which flags exist
	Args    []string            // what follows the command
	Getenv  func(string) string // os.Getenv
	Logger  *slog.Logger
}

// Settings are the merged options of one run. The zero value has no options set.
type Settings struct {
	flags  flagSet
	values map[string][]string
	args   []string
}

// Load merges the options: flags win over files, files over the environment, the environment over defaults; repeatable
// flags of the command line are added to those of the files. An unknown flag is an error, an unknown key of a file is a
// warning, and a file that is not YAML or a value of the wrong type is an error, as in the real program.
func Load(o Options) (*Settings, error) {
	s := &Settings{flags: flagsOf(o.Command, o.Version), values: map[string][]string{}}
	cli, err := s.parseArgs(o.Args)
	if err != nil {
		return nil, err
	}
	s.args = o.Args
	pairs, err := readFiles(configFile(cli, o.Getenv))
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		f, ok := s.flags.find(p.key)
		if !ok {
			o.Logger.Warn(fmt.Sprintf("Unknown flag --%s found in config.yaml, skipping", p.key))
			continue
		}
		if err := s.set(f, p.values, false); err != nil {
			return nil, err
		}
	}
	for _, p := range cli {
		f, _ := s.flags.find(p.key)
		if err := s.set(f, p.values, f.kind == list); err != nil {
			return nil, err
		}
	}
	return s, s.setFromEnvironment(o.Getenv)
}

func configFile(cli []pair, getenv func(string) string) string {
	if v := getenv("RKE2_CONFIG_FILE"); v != "" {
		return v
	}
	for _, p := range cli {
		if p.key == "config" {
			return p.values[len(p.values)-1]
		}
	}
	return DefaultConfigFile
}

func (s *Settings) parseArgs(args []string) ([]pair, error) {
	var out []pair
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			return nil, fmt.Errorf("unexpected argument %q", args[i])
		}
		name, value, hasValue := strings.Cut(args[i], "=")
		f, ok := s.flags.find(name)
		if !ok {
			return nil, fmt.Errorf("flag provided but not defined: -%s", strings.TrimLeft(name, "-"))
		}
		if !hasValue {
			switch {
			case f.kind == boolean:
				value = "true"
			case i+1 < len(args):
				i++
				value = args[i]
			default:
				return nil, fmt.Errorf("flag needs an argument: -%s", f.name)
			}
		}
		out = append(out, pair{key: f.name, values: []string{value}})
	}
	return out, nil
}

func (s *Settings) set(f flag, values []string, add bool) error {
	for _, v := range values {
		if err := check(f, v); err != nil {
			return fmt.Errorf("invalid value %q for flag -%s: %w", v, f.name, err)
		}
	}
	if add {
		values = append(append([]string{}, s.values[f.name]...), values...)
	}
	s.values[f.name] = values
	return nil
}

func check(f flag, value string) error {
	var err error
	switch f.kind {
	case boolean:
		_, err = strconv.ParseBool(value)
	case number:
		_, err = strconv.Atoi(value)
	case duration:
		_, err = time.ParseDuration(value)
	case text, list:
	}
	if err != nil {
		return fmt.Errorf("parse error")
	}
	return nil
}

func (s *Settings) setFromEnvironment(getenv func(string) string) error {
	for _, f := range s.flags {
		if _, done := s.values[f.name]; done {
			continue
		}
		for _, name := range f.env {
			v := getenv(name)
			if v == "" {
				continue
			}
			values := []string{v}
			if f.kind == list {
				values = strings.Split(v, ",")
			}
			if err := s.set(f, values, false); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// IsSet reports whether a flag was given anywhere.
func (s *Settings) IsSet(name string) bool {
	_, ok := s.values[name]
	return ok
}

// String returns the value of a flag, the last one when it was repeated, or its default.
func (s *Settings) String(name string) string {
	if v := s.values[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return s.flags[name].fallback
}

// Bool returns the value of a boolean flag.
func (s *Settings) Bool(name string) bool {
	v, _ := strconv.ParseBool(s.String(name))
	return v
}

// List returns the values of a repeatable flag with comma separated values taken apart, or its default.
func (s *Settings) List(name string) []string {
	raw, ok := s.values[name]
	if !ok {
		if def := s.flags[name].fallback; def != "" {
			return []string{def}
		}
		return nil
	}
	var out []string
	for _, v := range raw {
		for item := range strings.SplitSeq(v, ",") {
			if item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}

// Raw returns the values of a repeatable flag as they were given, for values that hold commas themselves.
func (s *Settings) Raw(name string) []string { return s.values[name] }

// Pairs returns all options that were given, one pair of name and value for each value, sorted by name.
func (s *Settings) Pairs() [][2]string {
	var out [][2]string
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		for _, v := range s.values[name] {
			out = append(out, [2]string{name, v})
		}
	}
	return out
}
