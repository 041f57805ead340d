package hosts

import (
	"context"
	"encoding/json"
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
//
// LAB_INTERNET=true gives the test process an HTTP proxy to the internet, for tests against real chart repositories. LAB_SUITES may name other releases of the distribution, with commas between them; Rack.Suites lists them for tests of hosts with
// another sshd or systemd.
//
// What prepare does happens before, outside, where the internet can be reached: it fills caches.
func Main(m *testing.M, prepare ...func(context.Context) error) {
	inside := sandbox.Enter()
	if inside == nil {
		os.Exit(runOutside(m, prepare))
	}
	var images map[string]string
	err := json.Unmarshal([]byte(os.Getenv(imagesVariable)), &images)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hosts: understanding "+imagesVariable+":", err)
		os.Exit(1)
	}
	rack, err := NewRack(context.Background(), RackOptions{
		ID: inside.ID, Images: images, State: sandbox.StateDir + "/hosts", Logs: sandbox.StateDir + "/log",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "hosts:", err)
		os.Exit(1)
	}
	shared.rack = rack
	os.Exit(m.Run())
}

const (
	suitesVariable = "LAB_SUITES"
	imagesVariable = "LAB_HOSTS_IMAGES" // tells the process inside where the images are
)

// build fills the caches, and stops when this process is told to end.
func build(ctx context.Context, prepare []func(context.Context) error) (images string, err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	for _, f := range prepare {
		if err := f(ctx); err != nil {
			return "", err
		}
	}
	return buildImages(ctx)
}

// buildImages returns the images of this machine's own suite and of those in LAB_SUITES, in the form of imagesVariable.
func buildImages(ctx context.Context) (string, error) {
	images := map[string]string{}
	for _, suite := range strings.Split(","+os.Getenv(suitesVariable), ",") {
		root, err := image.Ensure(ctx, image.Spec{Suite: suite}, func(line string) { fmt.Fprintln(os.Stderr, "hosts:", line) })
		if err != nil {
			return "", err
		}
		images[suite] = root
	}
	text, err := json.Marshal(images)
	return string(text), err
}

// runOutside runs the tests in a sandbox, or without hosts where there can be none, and returns their exit code.
func runOutside(m *testing.M, prepare []func(context.Context) error) int {
	if err := Missing(); err != nil {
		if os.Getenv("CI") == "true" {
			fmt.Fprintln(os.Stderr, "hosts:", err)
			return 1
		}
		shared.missing = err
		return m.Run()
	}
	code, err := runSandbox(context.Background(), prepare)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hosts:", err)
		return 1
	}
	return code
}

func runSandbox(ctx context.Context, prepare []func(context.Context) error) (code int, err error) {
	images, err := build(ctx, prepare)
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
	cmd.Env = append(cmd.Env, imagesVariable+"="+images)
	cmd.Env = append(cmd.Env, proxyVariables()...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the tests in private namespaces: %w", err)
	}
	passSignals(cmd.Process)
	if err := serveProxy(ctx, cmd.Process.Pid); err != nil {
		return 0, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("waiting for the tests: %w", err)
	}
	return cmd.ProcessState.ExitCode(), nil
}

// passSignals passes on what this process is sent. An interrupt from the terminal reaches the whole process group by itself.
func passSignals(to *os.Process) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGINT)
	go func() {
		for s := range signals {
			if s != syscall.SIGINT {
				_ = to.Signal(s)
			}
		}
	}()
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
