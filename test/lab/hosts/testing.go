package hosts

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// New makes a host for one test, boots it unless it is to stay off, and removes it when the test is over. When the test has
// failed, the host's console and journal are in its output.
func New(t testing.TB, o Options) *Host {
	t.Helper()
	rack := Shared(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h, err := rack.Add(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.LogOnFailure(t)
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// LogOnFailure writes the end of the host's console and journal to the output of a test that has failed.
func (h *Host) LogOnFailure(t testing.TB) {
	t.Helper()
	if t.Failed() {
		t.Logf("console of %s:\n%s", h.Name(), tail(h.Console(), 50))
		t.Logf("journal of %s:\n%s", h.Name(), h.journal())
	}
}

// Shared returns the rack of the test process.
func Shared(t testing.TB) *Rack {
	t.Helper()
	if shared.missing != nil {
		t.Skip(shared.missing)
	}
	if shared.rack == nil {
		t.Fatal("the package's TestMain must call hosts.Main")
	}
	return shared.rack
}

// journal returns the end of the host's journal, from its disk: the host may be off.
func (h *Host) journal() string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if h.Running() {
		out, err := h.Run(ctx, "journalctl --no-pager --lines=200")
		if err == nil {
			return out
		}
	}
	dir := filepath.Join(h.Root(), "var/log/journal")
	out, err := exec.CommandContext(ctx, "journalctl", "--no-pager", "--lines=200", "--directory="+dir).CombinedOutput()
	if err != nil {
		return err.Error() + ": " + string(out)
	}
	return string(out)
}
