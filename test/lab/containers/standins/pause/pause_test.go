package pause_test

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/pause"
)

// asProgram in the environment makes the test binary a sandbox that reaps a child of its own, and says so by its exit code.
const asProgram = "LAB_TEST_AS_PAUSE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(sandbox())
	}
	os.Exit(m.Run())
}

// sandbox is 0 when a child that ended is gone while the pause goes on.
func sandbox() int {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	ended := make(chan error, 1)
	go func() { ended <- pause.Run(ctx, nil) }()
	cmd := exec.CommandContext(ctx, "/bin/true")
	if err := cmd.Start(); err != nil {
		return 2
	}
	for deadline := time.Now().Add(10 * time.Second); syscall.Kill(cmd.Process.Pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			return 3
		}
	}
	end()
	if err := <-ended; err != nil {
		return 4
	}
	return 0
}

func TestRun_ReapsUntilTheEnd(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
