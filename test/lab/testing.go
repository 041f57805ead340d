package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// Main runs a package's tests with labs: func TestMain(m *testing.M) { lab.Main(m) }. See hosts.Main. Packages that start labs with
// Options.Containers add PrepareContainers.
func Main(m *testing.M, prepare ...func(context.Context) error) {
	releases := func(ctx context.Context) error {
		return BuildReleases(ctx, os.Getenv(KubernetesVariable), func(line string) { fmt.Fprintln(os.Stderr, "lab:", line) })
	}
	hosts.Main(m, append([]func(context.Context) error{releases}, prepare...)...)
}

// New starts a lab for one test and stops it when the test is over. Dir is a temporary folder when it is empty, ControlPlane the
// one of FindControlPlane, Kubernetes what LAB_KUBERNETES says. Without their binaries, or what containers need of the machine, the test is
// skipped, but fails when CI is true.
func New(t testing.TB, o Options) *Lab {
	t.Helper()
	rack := hosts.Shared(t)
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Kubernetes == "" {
		o.Kubernetes = os.Getenv(KubernetesVariable)
	}
	o.complete(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	l, err := Start(ctx, rack, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, host := range l.Hosts() {
			host.LogOnFailure(t)
		}
		if err := l.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return l
}

// complete finds what the options leave open, and ends the test when this machine lacks it.
func (o *Options) complete(t testing.TB) {
	t.Helper()
	err := o.findPrograms()
	lacking := errors.Is(err, ErrNoControlPlane) || errors.Is(err, ErrNoKubernetes)
	if err == nil && o.Containers {
		err = hosts.MissingForContainers()
		lacking = err != nil
	}
	if lacking && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// findPrograms completes the options with the programs in the cache.
func (o *Options) findPrograms() (err error) {
	if o.ControlPlane == "" {
		if o.ControlPlane, err = FindControlPlane(); err != nil {
			return err
		}
	}
	return o.findKubernetes()
}
