package process_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/process"
)

func TestRunBound_StartsAgainAndEndsWithTheContext(t *testing.T) {
	t.Parallel()
	mark := filepath.Join(t.TempDir(), "ended")
	// the first run fails, the second stays until it is asked to end
	o := program(t, `trap 'echo ended > `+mark+`; exit 0' TERM
echo start $*
if [ "$(grep -c start "$0.log")" = 1 ]; then exit 3; fi
while :; do sleep 0.05; done
`)
	o.LogFile = o.Binary + ".log"
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		process.RunBound(ctx, o)
		close(done)
	}()
	eventuallyStarted(t, o, 2)
	cancel()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the program goes on")
	}
	if _, err := os.Stat(mark); err != nil {
		t.Errorf("the program was not asked to end: %v", err)
	}
}

func TestKeep_StartsAgainAndLetsGo(t *testing.T) {
	t.Parallel()
	o := program(t, `echo start $*
if [ "$(grep -c start "$0.log")" = 1 ]; then exit 3; fi
exec sleep 60
`)
	o.LogFile = o.Binary + ".log"
	ctx, cancel := context.WithCancel(t.Context())
	kept := make(chan error, 1)
	first := run(t, o)
	go func() { kept <- process.Keep(ctx, o, first) }()
	eventuallyStarted(t, o, 2)
	cancel()
	if err := <-kept; err != nil {
		t.Error(err)
	}
	if !process.Running(o) {
		t.Error("the program ended with its keeper")
	}
}

func TestKeep_TellsWhatCannotBeStarted(t *testing.T) {
	t.Parallel()
	o := program(t, "exit 3\n")
	first := run(t, o)
	if err := os.Remove(o.Binary); err != nil {
		t.Fatal(err)
	}
	if err := process.Keep(t.Context(), o, first); err == nil || !strings.Contains(err.Error(), "starting program") {
		t.Errorf("got %v", err)
	}
}

// eventuallyStarted waits longer than a restart takes.
func eventuallyStarted(t *testing.T, o process.Options, want int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		content, _ := os.ReadFile(o.LogFile)
		if strings.Count(string(content), "start ") == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("want %d starts: %s", want, content)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
