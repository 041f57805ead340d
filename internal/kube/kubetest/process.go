package kubetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

const (
	// startLimit is generous: five seconds is usual, a machine that builds and tests at the same time needs a multiple.
	startLimit = 2 * time.Minute
	startPoll  = 50 * time.Millisecond
	// stopLimit is above the three seconds that the control plane gives its components.
	stopLimit = 15 * time.Second
	logTail   = 4096
)

// process is one `lab-controlplane run`.
type process struct {
	dir      string
	cmd      *exec.Cmd
	lifeline io.Closer
	output   *output
	ended    chan struct{}
	err      error
}

// start runs the control plane with its data in dir and returns when pods can be created.
func start(from binaries, dir string) (*Cluster, error) {
	p := &process{dir: dir, output: &output{}, ended: make(chan struct{})}
	args := []string{
		"run", "--data-dir", dir, "--node-name", "lab", "--node-ip", "127.0.0.1", "--bind-address", "127.0.0.1", "--secure-port", "0",
		"--register-node", "--lifeline",
	}
	if from.kubernetes != "" {
		args = append(args, "--kubernetes-binary", from.kubernetes)
	}
	p.cmd = exec.Command(from.controlPlane, args...) //nolint:noctx // ended by stop
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	lifeline, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making the lifeline: %w", err)
	}
	p.lifeline = lifeline
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", from.controlPlane, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	cluster, err := p.waitReady()
	if err != nil {
		return nil, errors.Join(err, p.stop(), errors.New(p.report()))
	}
	cluster.Older = from.kubernetes != ""
	return cluster, nil
}

func (p *process) waitReady() (*Cluster, error) {
	options := wait.Options{For: "the control plane", Timeout: startLimit, Interval: startPoll, MaxInterval: startPoll}
	err := wait.Until(context.Background(), options, func(context.Context) error {
		select {
		case <-p.ended:
			return fmt.Errorf("it ended before it was ready: %w", p.err)
		default:
		}
		if _, err := os.Stat(filepath.Join(p.dir, "ready")); err != nil {
			return wait.Pending("not ready")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	port, err := os.ReadFile(filepath.Join(p.dir, "port"))
	if err != nil {
		return nil, fmt.Errorf("reading the API's port: %w", err)
	}
	cluster := &Cluster{
		URL: "https://127.0.0.1:" + strings.TrimSpace(string(port)), KubeconfigPath: filepath.Join(p.dir, "cred", "admin.kubeconfig"), process: p,
	}
	if cluster.Kubeconfig, err = os.ReadFile(cluster.KubeconfigPath); err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return cluster, nil
}

// stop ends the control plane by cutting its lifeline, which is also what happens to it when the test process is killed, and waits until
// it is gone.
func (p *process) stop() error {
	_ = p.lifeline.Close()
	select {
	case <-p.ended:
		return p.err
	case <-time.After(stopLimit):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("it did not end within %s and was killed", stopLimit)
	}
}

// report is the output of the control plane and the end of each component's log.
func (p *process) report() string {
	var report strings.Builder
	fmt.Fprintf(&report, "control plane:\n%s", p.output)
	logs, _ := filepath.Glob(filepath.Join(p.dir, "logs", "*.log"))
	for _, path := range logs {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if len(content) > logTail {
			content = content[len(content)-logTail:]
		}
		fmt.Fprintf(&report, "end of %s:\n%s\n", filepath.Base(path), bytes.TrimSpace(content))
	}
	return report.String()
}

// output collects what the control plane prints while others may read it.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
