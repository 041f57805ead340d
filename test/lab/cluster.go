package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/forward"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/sandbox"
)

// NodeName is the name of the one simulated node of a lab's own cluster.
const NodeName = "lab-node-1"

// ClusterPort is where a lab's own cluster is reached from outside.
const ClusterPort = 6443

const (
	// clusterStartLimit is generous: five seconds is usual, a machine that builds and tests at the same time needs a multiple.
	clusterStartLimit = 3 * time.Minute
	clusterPoll       = 20 * time.Millisecond
	// clusterStopLimit is above the three seconds that the control plane gives its components.
	clusterStopLimit = 10 * time.Second
	clusterLogTail   = 2048
)

// Cluster is a lab's own cluster: a control plane that runs beside the hosts, on none of them, with a simulated node.
type Cluster struct {
	dir        string // its state, in the sandbox's memory
	kubeconfig string // of its administrator, for the control plane's own address
	port       uint16
	cmd        *exec.Cmd
	lifeline   io.Closer
	ended      chan struct{}
	err        error // why it ended; read after ended
}

// beginCluster starts the control plane and does not wait for it: hosts boot meanwhile.
func (l *Lab) beginCluster(o Options) (err error) {
	if o.ControlPlane == "" {
		return errors.New("starting the lab's cluster: no control plane binary was given")
	}
	c := &Cluster{ended: make(chan struct{})}
	if c.dir, err = os.MkdirTemp(sandbox.StateDir, "cluster-"); err != nil {
		return fmt.Errorf("making a folder for the lab's cluster: %w", err)
	}
	if err := c.run(o); err != nil {
		return errors.Join(fmt.Errorf("starting the lab's cluster: %w", err), os.RemoveAll(c.dir))
	}
	l.cluster = c
	stopping := make(chan struct{})
	l.close = append(l.close, func(context.Context) error { close(stopping); return c.stop() })
	l.running.Go(func() { c.watch(stopping, o.Logger) })
	return nil
}

func (c *Cluster) run(o Options) error {
	args := []string{
		"run", "--data-dir", c.dir, "--node-name", NodeName, "--node-ip", hosts.Gateway, "--bind-address", "0.0.0.0",
		"--secure-port", strconv.Itoa(o.ClusterPort), "--register-node", "--lifeline",
	}
	if o.KubernetesBinary != "" {
		args = append(args, "--kubernetes-binary", o.KubernetesBinary)
	}
	if o.Outside != nil {
		// which of these it will be is known only after the start
		for attempt := range attempts {
			args = append(args, "--tls-san", forward.In(forward.Block(o.Outside.Path, attempt), 1).String())
		}
	}
	output, err := os.Create(c.outputPath())
	if err != nil {
		return fmt.Errorf("opening its log: %w", err)
	}
	defer func() { _ = output.Close() }()
	c.cmd = exec.Command(o.ControlPlane, args...) //nolint:noctx // it outlives the context of its start and is ended by stop
	c.cmd.Stdout, c.cmd.Stderr = output, output
	if c.lifeline, err = c.cmd.StdinPipe(); err != nil {
		return fmt.Errorf("making its lifeline: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	return nil
}

// watch reports an end that nobody asked for.
func (c *Cluster) watch(stopping <-chan struct{}, logger *slog.Logger) {
	select {
	case <-stopping:
		return
	case <-c.ended:
	}
	select {
	case <-stopping: // it was asked just before
	default:
		logger.Error("the lab's cluster ended", "error", c.err, "output", c.output())
	}
}

// waitReady waits until the API is ready and the node is there.
func (c *Cluster) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, clusterStartLimit)
	defer cancel()
	tick := time.NewTicker(clusterPoll)
	defer tick.Stop()
	for {
		if _, err := os.Stat(filepath.Join(c.dir, "ready")); err == nil {
			return c.look()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the lab's cluster: %w\n%s", ctx.Err(), c.output())
		case <-c.ended:
			return fmt.Errorf("the lab's cluster ended before it was ready: %w\n%s", c.err, c.output())
		case <-tick.C:
		}
	}
}

// look reads what the control plane has decided and written.
func (c *Cluster) look() error {
	text, err := os.ReadFile(filepath.Join(c.dir, "port"))
	if err != nil {
		return fmt.Errorf("reading the port of the lab's cluster: %w", err)
	}
	port, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16)
	if err != nil {
		return fmt.Errorf("reading the port of the lab's cluster: %w", err)
	}
	kubeconfig, err := os.ReadFile(filepath.Join(c.dir, "cred", "admin.kubeconfig"))
	if err != nil {
		return fmt.Errorf("reading the kubeconfig of the lab's cluster: %w", err)
	}
	c.port, c.kubeconfig = uint16(port), string(kubeconfig)
	return nil
}

// stop ends the control plane by cutting its lifeline and removes its state.
func (c *Cluster) stop() error {
	_ = c.lifeline.Close()
	select {
	case <-c.ended:
	case <-time.After(clusterStopLimit):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("removing the state of the lab's cluster: %w", err)
	}
	return nil
}

// Address is the API's address in the lab's network.
func (c *Cluster) Address() netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(hosts.Gateway), c.port)
}

// Running tells whether the control plane has not ended.
func (c *Cluster) Running() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// kubeconfigFor is the administrator's kubeconfig for clients that reach the API at address.
func (c *Cluster) kubeconfigFor(address netip.AddrPort) string {
	return strings.Replace(c.kubeconfig, "server: https://127.0.0.1:"+strconv.Itoa(int(c.port)), "server: https://"+address.String(), 1)
}

func (c *Cluster) outputPath() string { return filepath.Join(c.dir, "output.log") }

// output is the end of what the control plane has printed.
func (c *Cluster) output() string {
	text, err := os.ReadFile(c.outputPath())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-clusterLogTail):]))
}

// Cluster is the lab's own cluster, nil without Options.Cluster.
func (l *Lab) Cluster() *Cluster { return l.cluster }

// ClusterOutside is the address of the cluster's API for the lab's starter: one of 127.0.0.0/8 with Options.Outside, else the one inside.
func (l *Lab) ClusterOutside() netip.AddrPort {
	if !l.block.IsValid() {
		return l.cluster.Address()
	}
	return netip.AddrPortFrom(forward.In(l.block, 1), uint16(l.OutsidePort(ClusterPort)))
}
