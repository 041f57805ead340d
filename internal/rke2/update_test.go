package rke2

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestUpdate_NothingToDoOnlyLooks(t *testing.T) {
	t.Parallel()
	n := firstServer()
	h := scripted(t, n, running(t, n, testVersion))
	out, err := Update(t.Context(), h, n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	expectTranscript(t, h, "update-nothing")
	if out.Placed || out.Started || out.Version != testVersion {
		t.Errorf("outcome: %+v", out)
	}
}

func TestUpdate_RestartsBetweenItsHooks(t *testing.T) {
	t.Parallel()
	old, n := firstServer(), firstServer()
	n.CNI = []string{"canal"}
	h := scripted(t, n, running(t, old, testVersion), running(t, n, testVersion))
	var order []string
	note := func(what string) func(context.Context) error {
		return func(context.Context) error { order = append(order, what); return nil }
	}
	out, err := Update(t.Context(), h, n, Options{
		BeforeRestart: note("drain"), AfterRestart: note("uncordon"),
		OnStep: func(step string) {
			if strings.HasPrefix(step, "restart") || strings.HasPrefix(step, "wait") {
				order = append(order, step)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"drain", "restart rke2-server", "wait for rke2-server.service", "wait until the node is usable", "uncordon"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("want(-) got(+):\n%s", diff)
	}
	if !out.Started || out.Placed {
		t.Errorf("outcome: %+v", out)
	}
}

func TestUpdate_UncordonsAfterAFailedRestart(t *testing.T) {
	t.Parallel()
	old, n := firstServer(), firstServer()
	n.CNI = []string{"canal"}
	h := scripted(t, n, running(t, old, testVersion))
	h.On(hosttest.Named("restart rke2-server"), told{}.Say("since", "1").Say("invocation", "old").Answer(),
		told{}.Blob("unit", "ActiveState=failed").Answer())
	uncordoned := false
	_, err := Update(t.Context(), h, n, Options{AfterRestart: func(context.Context) error { uncordoned = true; return errors.New("uncordon: no") }})
	expectFault(t, err, fault.Command, "restart rke2-server on 10.0.0.1:", "uncordon: no")
	if !uncordoned {
		t.Error("the node stays cordoned")
	}
}

func TestUpdate_WaitsForTheNewProcess(t *testing.T) {
	t.Parallel()
	old, n := agent(), agent()
	n.Config = map[string]any{"debug": true}
	h := scripted(t, n, running(t, old, testVersion), running(t, n, testVersion))
	same := strings.Replace(unit("active", "running", "enabled"), "InvocationID=new", "InvocationID=old", 1)
	h.On(hosttest.Named("restart rke2-agent"), told{}.Say("since", "1").Say("invocation", "old").Answer(), told{}.Blob("unit", same).Answer(), up())
	if _, err := Update(t.Context(), h, n, Options{}); err != nil {
		t.Fatal(err)
	}
	if polls := strings.Count(h.Transcript(), "run (restart rke2-agent)\n"); polls != 3 {
		t.Errorf("%d round trips, want the restart and two looks", polls)
	}
}

func TestUpdate_RestartsForAnotherToken(t *testing.T) {
	t.Parallel()
	n := agent()
	found := running(t, n, testVersion).Blob("unit.agent", unit("activating", "start", "enabled"))
	lost := withFile(found, tokenFile, "644", "")
	h := scripted(t, n, lost, running(t, n, testVersion))
	h.SetFile(tokenFile, hosttest.File{Content: []byte("former"), Mode: 0o644})
	out, err := Update(t.Context(), h, n, Options{})
	if err != nil || !out.Started {
		t.Errorf("outcome %+v, %v", out, err)
	}
	if !strings.Contains(h.Transcript(), "run (restart rke2-agent)") {
		t.Errorf("not restarted:\n%s", h.Transcript())
	}
}

func TestUpdate_ChoosesTheVersion(t *testing.T) {
	t.Parallel()
	const old = "v1.34.6+rke2r1"
	chosen := func(channel string) told {
		b := running(t, Node{Role: Server}, old)
		return withFile(b, markerFile, "600", strings.Replace(readMarker(t, b), `"complete"`, `"channel": "`+channel+`", "complete"`, 1))
	}
	for name, c := range map[string]struct {
		found   told
		node    Node
		version string
		says    string
	}{
		"asked by version":           {running(t, Node{Role: Server}, old), Node{Role: Server, Version: "1.35.7+rke2r1"}, testVersion, ""},
		"nothing is asked":           {chosen(""), Node{Role: Server}, old, ""},
		"the channel that chose":     {chosen("v1.34"), Node{Role: Server, Channel: "v1.34"}, old, ""},
		"another channel":            {chosen("v1.34"), Node{Role: Server, Channel: "v1.35"}, testVersion, ""},
		"downgrade":                  {running(t, Node{Role: Server}, "v1.35.8+rke2r1"), Node{Role: Server, Version: testVersion}, "", "downgrade"},
		"an import keeps what it is": {foreignServer(old), Node{Role: Server, Channel: "stable"}, old, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := scripted(t, c.node, c.found, running(t, c.node, testVersion))
			out, err := Update(t.Context(), h, c.node, Options{})
			if c.says != "" {
				expectFault(t, err, fault.Invalid, "choose the version on 10.0.0.1: ", c.says)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if out.Version != c.version || out.Placed != (c.version != old) {
				t.Errorf("version %s, placed %v", out.Version, out.Placed)
			}
		})
	}
}

func foreignServer(version string) told {
	return bare().Say("prefix", defaultPrefix).Say("version", version).Say("data", "server").Blob("unit.server", unit("active", "running", "enabled"))
}

func readMarker(t *testing.T, b told) string {
	t.Helper()
	files, err := filesOf(b.Read(t))
	if err != nil {
		t.Fatal(err)
	}
	return string(files[markerFile].content)
}

func TestUpdate_NeverInstallsAnew(t *testing.T) {
	t.Parallel()
	n := firstServer()
	h := scripted(t, n, bare())
	_, err := Update(t.Context(), h, n, Options{})
	expectFault(t, err, fault.NotFound, "update RKE2 on 10.0.0.1: it is not installed there any more")
}

func TestUpdate_KeepsAUsersRegistries(t *testing.T) {
	t.Parallel()
	n := firstServer()
	h := scripted(t, n, withFile(foreignServer(testVersion), registriesFile, "644", "mirrors: {}\n"), running(t, n, testVersion))
	h.On(hosttest.Named("keep the registries"), told{}.Answer())
	out, err := Update(t.Context(), h, n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0].Detail, registriesBackup) {
		t.Errorf("warnings: %v", out.Warnings)
	}
	without := n
	without.Registries = nil
	h = scripted(t, without, running(t, n, testVersion), running(t, without, testVersion))
	h.On(hosttest.Named("take the registries away"), told{}.Answer())
	if out, err = Update(t.Context(), h, without, Options{}); err != nil || !out.Started {
		t.Errorf("outcome %+v, %v", out, err)
	}
}
