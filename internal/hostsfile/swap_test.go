package hostsfile_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
	"github.com/dxlab/terraform-provider-lab/internal/hostsfile"
)

// Many blocks of one file, put there at once from both kinds of machine, all stay.
func TestApply_ManyAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	path := write(t, "127.0.0.1 localhost")
	ways := places(t)
	names := []string{"a", "b", "c", "d", "e", "f"}
	each := func(do func(hostsfile.File, hostsfile.Block) error) {
		var all sync.WaitGroup
		for i, name := range names {
			all.Go(func() {
				b, err := hostsfile.New(name, map[string][]string{"10.0.0.9": {name}})
				if err == nil {
					err = do(ways[[]string{"remote", "local"}[i%2]](path), b)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	each(func(f hostsfile.File, b hostsfile.Block) error {
		_, err := hostsfile.Apply(t.Context(), f, b, hostsfile.Options{New: true})
		return err
	})
	for _, name := range names {
		if !strings.Contains(read(t, path), "10.0.0.9 "+name+"\n") {
			t.Errorf("block %s is lost:\n%s", name, read(t, path))
		}
	}
	each(func(f hostsfile.File, b hostsfile.Block) error { return hostsfile.Remove(t.Context(), f, b) })
	if got := read(t, path); got != "127.0.0.1 localhost" {
		t.Errorf("left: %q", got)
	}
}

// An editor that saves between our look and our write loses nothing either.
func TestApply_SeesAChangeInBetween(t *testing.T) {
	t.Parallel()
	path := write(t, "# a\n")
	shell := hostscripttest.NewShell(t, "h")
	var once sync.Once
	shell.Before = func(c host.Command) {
		if strings.HasPrefix(c.Name, "write") {
			once.Do(func() {
				if err := os.WriteFile(path, []byte("# a\n# b\n"), 0o644); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if _, err := hostsfile.Apply(t.Context(), hostsfile.On(shell, path), nginx(t), hostsfile.Options{New: true}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); !strings.HasPrefix(got, "# a\n# b\n"+begin) {
		t.Errorf("got %s", got)
	}
}

func TestRemote_BecomesRootOnlyWhereItMust(t *testing.T) {
	t.Parallel()
	path := write(t, "# a\n")
	h := hostscripttest.NewShell(t, "h")
	denied := hostscripttest.Told{}.Say("user", "1000").Say("verdict", "denied").Answer()
	h.On(func(c host.Command) bool { return !c.Sudo }, denied)
	var sudo []string
	f := hostsfile.On(runner{h, func(ctx context.Context, c host.Command) (host.Result, error) {
		if !c.Sudo {
			return h.Fake.Run(ctx, c)
		}
		sudo = append(sudo, c.Name)
		return h.Run(ctx, c)
	}}, path)
	if _, err := hostsfile.Apply(t.Context(), f, nginx(t), hostsfile.Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"read " + path, "write " + path}, sudo); diff != "" {
		t.Error(diff)
	}
}

type runner struct {
	*hostscripttest.Shell
	run func(context.Context, host.Command) (host.Result, error)
}

func (r runner) Run(ctx context.Context, c host.Command) (host.Result, error) { return r.run(ctx, c) }

func TestSwap_ExplainsWhatItCannot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		verdict string
		kind    fault.Kind
	}{
		"rights": {"denied", fault.Denied}, "lock": {"locked", fault.Conflict}, "folder": {"folder", fault.Invalid},
		"flock": {"flock", fault.Invalid}, "disk": {"space", fault.NoSpace}, "other": {"failed", fault.Command},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hostscripttest.NewShell(t, "h")
			h.On(func(host.Command) bool { return true }, hostscripttest.Told{}.Say("user", "0").Say("verdict", c.verdict).Say("error", "reason").Answer())
			err := hostsfile.On(h.Fake, "/etc/hosts").Swap(t.Context(), nil, []byte("x"))
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), "/etc/hosts on h") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLocal_NamesWhatItMayNotWrite(t *testing.T) {
	t.Parallel()
	err := hostsfile.Here("/proc/version").Swap(t.Context(), []byte("x"), nil)
	if !errors.Is(err, hostsfile.ErrChanged) {
		t.Errorf("got %v", err)
	}
	now := []byte(read(t, "/proc/version"))
	err = hostsfile.Here("/proc/version").Swap(t.Context(), now, []byte("x"))
	if err == nil || !strings.Contains(err.Error(), "writing /proc/version on this machine") {
		t.Errorf("got %v", err)
	}
}
