package nodetools

import (
	"context"
	_ "embed"
	"maps"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

//go:embed scripts/stage.sh
var stageScript string

//go:embed scripts/place.sh
var placeScript string

// Options say how a change is made. The zero value is usable.
type Options struct {
	// Have is what an earlier change put there.
	Have State
	// Adopt overwrites files that somebody else put where ours belong.
	Adopt bool
	// LockWait is how long to wait for another run that changes the same machine; Holder tells that one who we are.
	LockWait time.Duration
	Holder   string
	// OnStep is called with the name of each step before it begins; it may be nil.
	OnStep func(step string)
}

func (o Options) step(name string) {
	if o.OnStep != nil {
		o.OnStep(name)
	}
}

// lockName is the lock that all changes of tools on a machine hold.
const lockName = "node-tools"

// releaseTimeout bounds what is still done after a cancel.
const releaseTimeout = 10 * time.Second

// Install makes a machine have what a specification says, and returns what is there then. Every download is found right
// before anything is put into place. Beside an error the state says what is on the machine all the same.
func Install(ctx context.Context, h Host, s Spec, o Options) (state State, err error) {
	if err := s.Validate(); err != nil {
		return o.Have, err
	}
	lock, err := h.Lock(ctx, host.LockOptions{Name: lockName, Holder: o.Holder, Wait: o.LockWait})
	if err != nil {
		return o.Have, err
	}
	defer func() {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer cancel()
		_ = restage(after, h, s.BinDir, false)
		if releaseErr := lock.Release(after); err == nil {
			err = releaseErr
		}
	}()
	return install(ctx, h, s, o)
}

func install(ctx context.Context, h Host, s Spec, o Options) (State, error) {
	o.step("look at the tools")
	texts := s.texts()
	found, uname, err := look(ctx, h, pathsOf(o.Have, texts, s))
	if err != nil {
		return o.Have, err
	}
	if !o.Adopt {
		if err := foreign(h, s, o.Have, texts, found); err != nil {
			return o.Have, err
		}
	}
	next, moves, err := stageAll(ctx, h, s, o, found, uname)
	if err != nil {
		return o.Have, err
	}
	o.step("put the tools into place")
	if err := place(ctx, h, moves); err != nil {
		return both(o.Have, next), err
	}
	for _, at := range sortedKeys(texts) {
		if _, err := h.WriteFile(ctx, host.File{Path: at, Content: []byte(texts[at]), Mode: 0o644}); err != nil {
			return both(o.Have, next), err
		}
		next.Files[at] = sumOf(texts[at])
	}
	_, err = Remove(ctx, h, outdated(o.Have, next))
	return next, err
}

// foreign refuses paths that hold something which we did not put there.
func foreign(h Host, s Spec, have State, texts map[string]string, found map[string]thing) error {
	var taken []string
	for _, name := range sortedKeys(s.Tools) {
		at := s.path(name)
		if t := found[at]; t.kind != kindAbsent && have.Tools[name].Path != at {
			taken = append(taken, at+" ("+t.String()+")")
		}
	}
	for _, at := range sortedKeys(texts) {
		_, ours := have.Files[at]
		if t := found[at]; t.kind != kindAbsent && !ours && t.sum != sumOf(texts[at]) {
			taken = append(taken, at)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	return fault.Newf(fault.Conflict, "host %s has these already, and they were not put there by this: %s. Remove them, or adopt them to have them replaced",
		h, strings.Join(taken, ", "))
}

// stageAll fetches and verifies what is not there yet. It returns what will be there and what has to be moved for that:
// one line each, "move FROM TO", "link TARGET AT" or "mode AT".
func stageAll(ctx context.Context, h Host, s Spec, o Options, found map[string]thing, uname string) (State, []string, error) {
	next := State{Tools: map[string]Installed{}, Files: map[string]string{}}
	var moves []string
	arch, err := download.Arch(uname)
	if err != nil {
		return next, nil, err
	}
	if err := restage(ctx, h, s.BinDir, true); err != nil {
		return next, nil, err
	}
	for _, name := range sortedKeys(s.Tools) {
		tool, had, at := s.Tools[name], o.Have.Tools[name], s.path(name)
		if have, move, fits := inPlace(tool, had, at, name, arch, found[at]); fits {
			next.Tools[name] = have
			moves = append(moves, move...)
			continue
		}
		o.step("fetch " + name)
		recorded := ""
		if url, _ := tool.wanted(name).Source(arch); tool.SHA256 == "" && had.Version == tool.Version && had.URL == url {
			recorded = had.SHA256
		}
		staged, err := download.Stage(ctx, h, tool.wanted(name), arch, stageDir(s.BinDir), recorded)
		if err != nil {
			return next, nil, err
		}
		next.Tools[name] = Installed{Version: tool.Version, URL: staged.URL, SHA256: staged.SHA256, Path: at, Binary: staged.Binary}
		moves = append(moves, "move "+staged.Path+" "+at)
	}
	return next, moves, nil
}

// inPlace is a tool for which nothing has to be fetched: a link, or a program that is there already. It returns what
// there is to move all the same.
func inPlace(tool Tool, had Installed, at, name, arch string, t thing) (have Installed, moves []string, fits bool) {
	if tool.Link != "" {
		have = Installed{Path: at, Link: tool.Link}
		if !t.is(have) {
			moves = []string{"link " + tool.Link + " " + at}
		}
		return have, moves, true
	}
	if had.Path != at || !had.current(tool, name, arch) || !t.is(had) {
		return have, nil, false
	}
	if t.mode != "755" {
		moves = []string{"mode " + at}
	}
	return had, moves, true
}

// current reports whether what was installed came from the artifact that is wanted now.
func (i Installed) current(t Tool, name, arch string) bool {
	url, _ := t.wanted(name).Source(arch)
	return i.Version == t.Version && i.URL == url && (t.SHA256 == "" || strings.EqualFold(t.SHA256, i.SHA256))
}

// stageDir is the working directory. Its name is fixed: the lock keeps two runs apart, and the next run after a crash
// finds and removes it.
func stageDir(binDir string) string { return binDir + "/.terraform-provider-lab" }

// restage takes the working directory away, or empties it.
func restage(ctx context.Context, h Host, binDir string, anew bool) error {
	env := map[string]string{"STAGE": stageDir(binDir), "BIN": binDir, "MAKE": ""}
	if anew {
		env["MAKE"] = "yes"
	}
	_, err := hostscript.Run(ctx, h, hostscript.Script{Name: "clear the working directory", Body: stageScript, Sudo: true, Env: env})
	return err
}

func place(ctx context.Context, h Host, moves []string) error {
	if len(moves) == 0 {
		return nil
	}
	answer, err := hostscript.Run(ctx, h, hostscript.Script{
		Name: "put the tools into place", Body: placeScript, Sudo: true, Env: map[string]string{"MOVES": strings.Join(moves, "\n")},
	})
	if err != nil {
		return err
	}
	if said := answer.Value("error"); said != "" {
		return fault.Newf(fault.Command, "putting the tools into place on %s: %s", h, said)
	}
	return nil
}

// outdated is what was put there earlier and is not wanted any more.
func outdated(before, after State) State {
	old := State{Tools: maps.Clone(before.Tools), Files: maps.Clone(before.Files)}
	for name, i := range after.Tools {
		if old.Tools[name].Path == i.Path {
			delete(old.Tools, name)
		}
	}
	for at := range after.Files {
		delete(old.Files, at)
	}
	return old
}

// both is what may be on a machine after a change that failed in its middle.
func both(before, after State) State {
	out := State{Tools: maps.Clone(before.Tools), Files: maps.Clone(before.Files)}
	if out.Tools == nil {
		out.Tools = map[string]Installed{}
	}
	if out.Files == nil {
		out.Files = map[string]string{}
	}
	maps.Copy(out.Tools, after.Tools)
	maps.Copy(out.Files, after.Files)
	return out
}
