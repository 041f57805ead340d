package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/alive"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/image"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/inotify"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/sandbox"
)

// shared is the rack of the test process, made once by Main.
var shared struct {
	sync.Mutex
	rack    *Rack
	missing error // why there is none
}

// Main runs a package's tests with hosts: func TestMain(m *testing.M) { hosts.Main(m) }. The test process, and all that it starts
// (Terraform, providers), lives in private namespaces and reaches the hosts at their own addresses, and nothing else. Where hosts
// cannot run (no root, a tool is missing) the tests that call New are skipped, but fail when CI is true.
func Main(m *testing.M) {
	inside := sandbox.Enter()
	if inside == nil {
		os.Exit(runOutside(m))
	}
	rack, err := NewRack(context.Background(), RackOptions{
		ID: inside.ID, Image: os.Getenv(imageVariable), State: sandbox.StateDir + "/hosts", Logs: sandbox.StateDir + "/log",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "hosts:", err)
		os.Exit(1)
	}
	shared.rack = rack
	os.Exit(m.Run())
}

// imageVariable tells the process inside where the image is.
const imageVariable = "LAB_HOSTS_IMAGE"

// runOutside runs the tests in a sandbox, or without hosts where there can be none, and returns their exit code.
func runOutside(m *testing.M) int {
	if err := Missing(); err != nil {
		if os.Getenv("CI") == "true" {
			fmt.Fprintln(os.Stderr, "hosts:", err)
			return 1
		}
		shared.missing = err
		return m.Run()
	}
	code, err := runSandbox()
	if err != nil {
		fmt.Fprintln(os.Stderr, "hosts:", err)
		return 1
	}
	return code
}

func runSandbox() (code int, err error) {
	ctx := context.Background()
	root, err := image.Ensure(ctx, image.Spec{}, func(line string) { fmt.Fprintln(os.Stderr, "hosts:", line) })
	if err != nil {
		return 0, err
	}
	if err := Sweep(ctx); err != nil {
		return 0, err
	}
	mark, err := alive.New()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, mark.Close(), Sweep(ctx, mark.ID)) }()
	if err := inotify.Raise(ctx); err != nil {
		return 0, err
	}
	// the sandbox ends with this thread
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd, err := sandbox.Command(sandbox.Options{Mark: mark, Args: os.Args[1:], Tied: true})
	if err != nil {
		return 0, err
	}
	cmd.Env = append(cmd.Env, imageVariable+"="+root)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the tests in private namespaces: %w", err)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGINT)
	go func() {
		for s := range signals {
			if s != syscall.SIGINT { // the terminal sends it to the whole process group
				_ = cmd.Process.Signal(s)
			}
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("waiting for the tests: %w", err)
	}
	return cmd.ProcessState.ExitCode(), nil
}

// Missing says what this machine lacks to run hosts, nil when nothing.
func Missing() error {
	if os.Geteuid() != 0 {
		return errors.New("hosts need root")
	}
	var missing []string
	for _, tool := range []string{"systemd-nspawn", "mmdebstrap", "ip", "nft", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("hosts need %s: run test/lab/setup.sh", strings.Join(missing, ", "))
	}
	return nil
}
