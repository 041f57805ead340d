package provider_test

import (
	"sync"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
	"github.com/dxlab/terraform-provider-lab/internal/provider"
)

// shells are the hosts of all worlds on which something is kept beside a node.
var shells sync.Map

type shellKey struct {
	world *fakeWorld
	host  string
}

// withShell adds a host whose scripts run on this machine.
func (w *fakeWorld) withShell(t *testing.T, name string) *hostscripttest.Shell {
	t.Helper()
	s := hostscripttest.NewShell(t, name)
	shells.Store(shellKey{w, name}, s)
	t.Cleanup(func() { shells.Delete(shellKey{w, name}) })
	return s
}

// withFake adds a host whose answers are made up.
func (w *fakeWorld) withFake(t *testing.T, name string) *hosttest.Fake {
	t.Helper()
	f := hosttest.NewFake(t, name)
	shells.Store(shellKey{w, name}, f)
	t.Cleanup(func() { shells.Delete(shellKey{w, name}) })
	return f
}

func (w *fakeWorld) Host(t host.Target) provider.Host {
	if s, ok := shells.Load(shellKey{w, t.Host}); ok {
		if known, ok := s.(provider.Host); ok {
			return known
		}
	}
	w.t.Errorf("host %q was reached for, which is not there", t.Host)
	return hosttest.NewFake(w.t, t.Host)
}
