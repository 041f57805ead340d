package nodetools

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// Host is what this package needs of a machine; *host.Host is one.
type Host interface {
	hostscript.Host
	WriteFile(ctx context.Context, file host.File) (bool, error)
	Lock(ctx context.Context, options host.LockOptions) (*host.Lock, error)
}

//go:embed scripts/look.sh
var lookScript string

// The kinds of thing that a path may be.
const (
	kindAbsent = "absent"
	kindFile   = "file"
	kindLink   = "link"
)

// thing is what is at a path of a machine.
type thing struct {
	kind string
	// mode is octal and sum a SHA-256 sum, for files; target is where a link leads, and dangling that there is nothing.
	mode, sum, target string
	dangling          bool
}

// look tells what is at each of some paths, and what uname -m says.
func look(ctx context.Context, h Host, paths []string) (map[string]thing, string, error) {
	answer, err := hostscript.Run(ctx, h, hostscript.Script{
		Name: "look at the tools", Body: lookScript, Sudo: true, Env: map[string]string{"PATHS": strings.Join(paths, "\n")},
	})
	if err != nil {
		return nil, "", err
	}
	found := make(map[string]thing, len(paths))
	for _, line := range answer.Values("thing") {
		fields := strings.SplitN(line, " ", 5)
		for len(fields) < 5 {
			fields = append(fields, "")
		}
		t := thing{kind: fields[1], mode: strings.TrimPrefix(fields[2], "-"), sum: strings.TrimPrefix(fields[3], "-"), target: fields[4]}
		t.dangling = t.kind == kindLink && t.sum == "dangling"
		found[fields[0]] = t
	}
	return found, answer.Value("machine"), nil
}

// is reports whether a path holds what was put there.
func (t thing) is(i Installed) bool {
	if i.Link != "" {
		return t.kind == kindLink && t.target == i.Link
	}
	return t.kind == kindFile && t.sum == i.Binary
}

// Read says what on a machine is not as a specification and what was installed of it say, one line each.
func Read(ctx context.Context, h Host, s Spec, have State) ([]string, error) {
	texts := s.texts()
	found, _, err := look(ctx, h, pathsOf(have, texts, s))
	if err != nil {
		return nil, err
	}
	var drift []string
	for _, name := range sortedKeys(s.Tools) {
		i, known := have.Tools[name]
		if !known {
			i = Installed{Path: s.path(name)}
		}
		if line := toolDrift(i, found[i.Path]); line != "" {
			drift = append(drift, name+": "+line)
		}
	}
	for _, at := range sortedKeys(texts) {
		switch t := found[at]; {
		case t.kind == kindAbsent:
			drift = append(drift, at+": want it, the host has none")
		case t.kind != kindFile || t.sum != sumOf(texts[at]):
			drift = append(drift, at+": it was changed")
		}
	}
	return drift, nil
}

func toolDrift(i Installed, t thing) string {
	switch {
	case t.kind == kindAbsent:
		return fmt.Sprintf("want %s, the host has none", i.Path)
	case i.Link != "" && t.kind == kindLink && t.target == i.Link && t.dangling:
		return fmt.Sprintf("%s leads to %s, which is not there", i.Path, i.Link)
	case i.Link != "" && !t.is(i):
		return fmt.Sprintf("want %s to be a link to %s, it is %s", i.Path, i.Link, t)
	case !t.is(i) && i.Binary != "":
		return fmt.Sprintf("want %s with sha256 %s, it is %s", i.Path, i.Binary, t)
	case t.kind == kindFile && t.mode != "755":
		return fmt.Sprintf("want %s with mode 0755, it has 0%s", i.Path, t.mode)
	}
	return ""
}

// String says what a thing is, for messages.
func (t thing) String() string {
	switch t.kind {
	case kindFile:
		return "a file with sha256 " + t.sum
	case kindLink:
		return "a link to " + t.target
	case kindAbsent:
		return "not there"
	}
	return "neither a file nor a link"
}

// pathsOf lists every path that matters to a change, sorted.
func pathsOf(have State, texts map[string]string, s Spec) []string {
	paths := map[string]bool{}
	for _, i := range have.Tools {
		paths[i.Path] = true
	}
	for name := range s.Tools {
		paths[s.path(name)] = true
	}
	for at := range have.Files {
		paths[at] = true
	}
	for at := range texts {
		paths[at] = true
	}
	return slices.Sorted(maps.Keys(paths))
}

func sumOf(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// Find tells which of the tools are in a folder, whoever put them there, and which of the files for login shells are
// there. A folder without any is not an error.
func Find(ctx context.Context, h Host, binDir string) (State, error) {
	s := Spec{BinDir: binDir, Shell: true, Tools: map[string]Tool{}}
	for name := range releases {
		s.Tools[name] = Tool{}
	}
	if !plainPath.MatchString(binDir) {
		return State{}, fault.Newf(fault.Invalid, "%q is no plain absolute path", binDir)
	}
	found, _, err := look(ctx, h, pathsOf(State{}, s.texts(), s))
	if err != nil {
		return State{}, err
	}
	state := State{Tools: map[string]Installed{}, Files: map[string]string{}}
	for name := range s.Tools {
		switch t := found[s.path(name)]; t.kind {
		case kindFile:
			state.Tools[name] = Installed{Path: s.path(name), Binary: t.sum}
		case kindLink:
			state.Tools[name] = Installed{Path: s.path(name), Link: t.target}
		}
	}
	for at := range s.texts() {
		if t := found[at]; t.kind == kindFile {
			state.Files[at] = t.sum
		}
	}
	return state, nil
}
