package rke2

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const testVersion = "v1.35.7+rke2r1"

// settled is a machine on which the node runs just as asked.
func settled(t *testing.T, n Node) Observed {
	t.Helper()
	w, err := n.wanted()
	if err != nil {
		t.Fatal(err)
	}
	o := Observed{
		Installed: true, Version: testVersion, Prefix: defaultPrefix, Role: n.Role, ByUs: true, Complete: true, HasData: true,
		Unit:   UnitState{Load: "loaded", Enabled: "enabled", Active: "active", Sub: "running", Result: "success", Condition: true},
		files:  map[string]file{dropInFile: {content: w.config, mode: "600", owner: "root:root"}},
		marker: marker{Complete: true, Applied: w.hash, Registries: w.registriesHash()},
	}
	if w.registries != nil {
		o.files[registriesFile] = file{content: w.registries, mode: "600", owner: "root:root"}
		o.RegistriesHash = hashOf(w.registries)
	}
	if n.Join != nil {
		o.files[tokenFile] = file{mode: "600", owner: "root:root"}
	}
	return o
}

func TestDecide(t *testing.T) {
	t.Parallel()
	server := Node{Role: Server, CNI: []string{"calico"}, Labels: map[string]string{"a": "b"}}
	mirrored := server
	mirrored.Registries = &Registries{Mirrors: map[string]Mirror{"docker.io": {Endpoints: []string{"https://m"}}}}
	relabelled := server
	relabelled.Labels = map[string]string{"a": "c"}
	recabled := server
	recabled.CNI = []string{"canal"}
	agent := Node{Role: Agent, Join: &Join{Server: "10.0.0.1"}}
	moved := Node{Role: Agent, Join: &Join{Server: "10.0.0.9"}}

	for name, c := range map[string]struct {
		from, to Node
		version  string
		change   func(*Observed)
		want     change
	}{
		"nothing to do":              {from: server, to: server},
		"agent, nothing to do":       {from: agent, to: agent},
		"newer version":              {from: server, to: server, version: "v1.36.1+rke2r1", want: change{place: true, restart: true}},
		"another setting":            {from: server, to: recabled, want: change{config: true, restart: true}},
		"labels need no restart":     {from: server, to: relabelled, want: change{config: true}},
		"registries come":            {from: server, to: mirrored, want: change{registries: true, restart: true}},
		"registries go":              {from: mirrored, to: server, want: change{dropRegistries: true, restart: true}},
		"registries stay":            {from: mirrored, to: mirrored},
		"another server to join":     {from: agent, to: moved, want: change{config: true, token: true, restart: true}},
		"token file is gone":         {from: agent, to: agent, change: func(o *Observed) { delete(o.files, tokenFile) }, want: change{token: true}},
		"token file is open to all":  {from: agent, to: agent, change: func(o *Observed) { o.files[tokenFile] = file{mode: "644", owner: "root:root"} }, want: change{token: true}},
		"config is open to all":      {from: server, to: server, change: setMode(dropInFile, "644"), want: change{config: true}},
		"stopped":                    {from: server, to: server, change: func(o *Observed) { o.Unit.Active, o.Unit.Sub = "inactive", "dead" }, want: change{start: true}},
		"disabled":                   {from: server, to: server, change: func(o *Observed) { o.Unit.Enabled = "disabled" }, want: change{start: true}},
		"still starting":             {from: server, to: server, change: func(o *Observed) { o.Unit.Active, o.Unit.Sub = "activating", "start" }, want: change{start: true}},
		"crashing with this config":  {from: server, to: server, change: func(o *Observed) { o.Unit.Active, o.Unit.Sub = "activating", "auto-restart" }, want: change{start: true}},
		"crashing with a former one": {from: server, to: recabled, change: func(o *Observed) { o.Unit.Active, o.Unit.Sub = "activating", "auto-restart" }, want: change{config: true, start: true, restart: true}},
		"program replaced, not run":  {from: server, to: server, change: func(o *Observed) { o.StaleProcess = true }, want: change{restart: true}},
		"written, not restarted":     {from: server, to: server, change: func(o *Observed) { o.marker.Applied = "" }, want: change{restart: true}},
		"unit file is gone":          {from: server, to: server, change: func(o *Observed) { o.Unit.Load = "not-found" }, want: change{place: true, restart: true}},
		"edited by hand": {from: server, to: server, change: func(o *Observed) {
			o.files[dropInFile] = file{content: []byte("cni: none\n"), mode: "600", owner: "root:root"}
		}, want: change{config: true, restart: true}},
		"somebody else's, same words": {from: server, to: server, change: adopted(map[string]any{"cni": "calico", "token": "x"}), want: change{config: true}},
		"somebody else's, other ones": {from: server, to: server, change: adopted(map[string]any{"cni": "canal"}), want: change{config: true, restart: true}},
		"somebody else's, registries": {from: server, to: mirrored, change: adopted(map[string]any{"cni": "calico"}), want: change{config: true, registries: true, restart: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			observed := settled(t, c.from)
			if c.change != nil {
				c.change(&observed)
			}
			w, err := c.to.wanted()
			if err != nil {
				t.Fatal(err)
			}
			version := c.version
			if version == "" {
				version = testVersion
			}
			if diff := cmp.Diff(c.want, decide(c.to, observed, w, version), cmp.AllowUnexported(change{})); diff != "" {
				t.Errorf("want(-) got(+):\n%s", diff)
			}
		})
	}
}

func TestDecide_BareMachineNeedsEverything(t *testing.T) {
	t.Parallel()
	n := Node{Role: Agent, Join: &Join{Server: "10.0.0.1"}, Registries: &Registries{}}
	w, err := n.wanted()
	if err != nil {
		t.Fatal(err)
	}
	want := change{place: true, config: true, token: true, registries: true, start: true}
	if got := decide(n, Observed{Unit: UnitState{Load: "not-found", Active: "inactive"}}, w, testVersion); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func setMode(name, mode string) func(*Observed) {
	return func(o *Observed) {
		f := o.files[name]
		f.mode = mode
		o.files[name] = f
	}
}

// adopted makes what runs somebody else's, with settings of theirs.
func adopted(effective map[string]any) func(*Observed) {
	return func(o *Observed) {
		o.ByUs, o.Complete, o.marker, o.effective = false, false, marker{}, effective
		o.files = map[string]file{}
	}
}
