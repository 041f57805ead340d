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

func removable(t *testing.T, found told) *hosttest.Fake {
	t.Helper()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), found.Answer())
	for _, step := range []string{"stop RKE2", "uninstall RKE2", "clear what is left"} {
		h.On(hosttest.Named(step), told{}.Answer())
	}
	return h
}

func TestUninstall_KeepsItsOrder(t *testing.T) {
	t.Parallel()
	h := removable(t, running(t, firstServer(), testVersion))
	var order []string
	note := func(what string) func(context.Context) error {
		return func(context.Context) error { order = append(order, what); return nil }
	}
	err := Uninstall(t.Context(), h, UninstallOptions{
		BeforeStop: note("drain, delete"), AfterStop: note("leave etcd"), OnStep: func(step string) { order = append(order, step) },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"read RKE2", "take the node out of its cluster", "drain, delete", "stop RKE2", "take leave of the cluster", "leave etcd",
		"uninstall RKE2", "clear what is left",
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("want(-) got(+):\n%s", diff)
	}
	expectTranscript(t, h, "uninstall")
	for _, call := range h.Calls() {
		if call.Command.Name == "clear what is left" {
			if got := call.Command.Env["DATA_DIR"]; got != defaultDataDir {
				t.Errorf("clears %q", got)
			}
		}
	}
}

func TestUninstall_NothingThereIsDone(t *testing.T) {
	t.Parallel()
	h := removable(t, bare())
	called := false
	err := Uninstall(t.Context(), h, UninstallOptions{BeforeStop: func(context.Context) error { called = true; return nil }})
	if err != nil || called {
		t.Errorf("got %v, hook called: %v", err, called)
	}
	if got := h.Transcript(); got != "lock rke2\nrun (read RKE2)\nunlock rke2\n" {
		t.Errorf("did more than look:\n%s", got)
	}
}

func TestUninstall_FinishesWhatWasCutOff(t *testing.T) {
	t.Parallel()
	for name, found := range map[string]told{
		"data only":         bare().Say("data", "server"),
		"working directory": bare().Say("stage", stageDir(defaultPrefix)),
		"mark only":         withFile(bare(), markerFile, "600", "{}"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := removable(t, found)
			if err := Uninstall(t.Context(), h, UninstallOptions{BeforeStop: func(context.Context) error { return errors.New("there is no node any more") }}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(h.Transcript(), "run (clear what is left)") {
				t.Errorf("left as it was:\n%s", h.Transcript())
			}
		})
	}
}

func TestUninstall_LeavesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	h := removable(t, foreignServer(testVersion))
	expectFault(t, Uninstall(t.Context(), h, UninstallOptions{}), fault.Conflict, "uninstall RKE2 on 10.0.0.1: found RKE2 "+testVersion, "has no mark of ours")
	if err := Uninstall(t.Context(), h, UninstallOptions{Foreign: true}); err != nil {
		t.Error(err)
	}
}

func TestUninstall_StopsAtARefusalOfTheCluster(t *testing.T) {
	t.Parallel()
	h := removable(t, running(t, firstServer(), testVersion))
	refusal := errors.New("drain: a budget forbids it")
	if err := Uninstall(t.Context(), h, UninstallOptions{BeforeStop: func(context.Context) error { return refusal }}); !errors.Is(err, refusal) {
		t.Errorf("got %v", err)
	}
	if strings.Contains(h.Transcript(), "stop RKE2") || h.Locked(lockName) {
		t.Errorf("went on:\n%s", h.Transcript())
	}
}

func TestUninstall_SaysWhatStayed(t *testing.T) {
	t.Parallel()
	h := removable(t, running(t, firstServer(), testVersion))
	h.On(hosttest.Named("uninstall RKE2"), told{}.Say("exit", "1").Say("error", "Device or resource busy").Answer())
	h.On(hosttest.Named("clear what is left"), told{}.Say("left", defaultDataDir).Say("error", "find: busy").Answer())
	expectFault(t, Uninstall(t.Context(), h, UninstallOptions{}), fault.Conflict, "clear what is left on 10.0.0.1: these stayed: /var/lib/rancher/rke2: find: busy")
}
