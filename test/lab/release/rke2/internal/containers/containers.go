// Package containers knows what a node runs on a host with real containers: containerd, a kubelet, kube-proxy and DNS, their settings, and
// the way between pods of different nodes. On all other hosts pods are played by the control plane's simulator.
package containers

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubelet"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/process"
)

// Enabled tells whether the host runs containers: it has a list of the images that do.
func Enabled() bool {
	_, err := os.Stat(layout.Containers)
	return err == nil
}

// Registry is the address of the registry in which all images are looked for, "" for none.
func Registry() string {
	content, err := os.ReadFile(layout.Registry)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// Node describes the node.
type Node struct {
	Data        layout.Data
	Name        string
	Address     net.IP
	Version     string // of the kubelet: v1.36.3+rke2r1
	ClusterCIDR string // of pods
	Domain      string
	CNI         string // none: the network plugin is the user's business
	Proxy       bool   // run kube-proxy
	Labels      map[string]string
	Taints      []kubelet.Taint
	Binary      string // of the control plane, which holds the node's programs too
	Logger      *slog.Logger
}

// Prepare writes the settings of all that Run starts. The kubelet's and kube-proxy's kubeconfigs and certificates must be there.
func (n Node) Prepare() error {
	if err := n.writeSettings(); err != nil {
		return err
	}
	// under their own names they can be told apart in a list of processes, and the unit's ExecStopPost finds the kubelet
	for name, target := range map[string]string{"containerd": containerdBinary, "kubelet": n.Binary, "kube-proxy": n.Binary, "coredns": n.Binary} {
		if err := link(target, n.Data.Bin(name)); err != nil {
			return err
		}
	}
	return nil
}

const containerdBinary = "/usr/bin/containerd"

// Run starts the node's programs and keeps them running until ctx ends. Containerd and the kubelet end then; kube-proxy and DNS, which are
// pods on a real RKE2 node, and all containers go on.
func (n Node) Run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { process.RunBound(ctx, n.containerd()) })
	running.Go(func() {
		// a kubelet that finds no containerd gives up
		waitContainerd(ctx)
		process.RunBound(ctx, n.kubelet())
	})
	outliving := []process.Options{n.dns()}
	if n.Proxy {
		outliving = append(outliving, n.proxy())
	}
	failed := make(chan error, len(outliving))
	for _, o := range outliving {
		first, err := process.Run(ctx, o)
		if err != nil {
			return err
		}
		running.Go(func() { failed <- process.Keep(ctx, o, first) })
	}
	defer running.Wait()
	for range outliving {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

// waitContainerd waits until containerd accepts connections, or ctx ends.
func waitContainerd(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var dialer net.Dialer
	for {
		if conn, err := dialer.DialContext(ctx, "unix", socket); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (n Node) containerd() process.Options {
	return process.Options{
		Name: "containerd", Binary: n.Data.Bin("containerd"), Args: []string{"--config", n.setting("containerd", "config.toml")},
		LogFile: n.Data.Agent("containerd", "containerd.log"), Logger: n.Logger,
	}
}

func (n Node) kubelet() process.Options {
	return process.Options{
		Name: "Kubelet", Binary: n.Data.Bin("kubelet"), LogFile: n.Data.Agent("logs", "kubelet.log"), Logger: n.Logger,
		Args: []string{
			"kubelet", "--containers", layout.Containers, "--config", n.setting("kubelet.yaml"),
			"--kubeconfig", n.Data.Agent("kubelet.kubeconfig"), "--cert-dir", n.Data.Agent(), "--hostname-override", n.Name,
			// as RKE2 does: the node waits for the server's cloud controller, and the addresses that it gets are left alone
			"--cloud-provider", "external", "--node-ip", n.Address.String(), "--node-version", n.Version, "--node-labels", labels(n.Labels),
		},
	}
}

func (n Node) proxy() process.Options {
	return process.Options{
		Name: "kube-proxy", Binary: n.Data.Bin("kube-proxy"), Args: []string{"kube-proxy", "--config", n.setting("kube-proxy.yaml")}, Release: n.Version,
		LogFile: n.Data.Agent("logs", "kube-proxy.log"), StateFile: n.setting("kube-proxy.json"), Logger: n.Logger,
	}
}

func (n Node) dns() process.Options {
	return process.Options{
		Name: "DNS", Binary: n.Data.Bin("coredns"), Release: n.Version,
		Args: []string{
			"coredns", "--kubeconfig", n.Data.Agent("kubeproxy.kubeconfig"), "--listen", net.JoinHostPort(n.Address.String(), "53"), "--domain", n.Domain,
		},
		LogFile: n.Data.Agent("logs", "coredns.log"), StateFile: n.setting("coredns.json"), Logger: n.Logger,
	}
}

// setting is the path of a settings file.
func (n Node) setting(elem ...string) string {
	return n.Data.Agent(append([]string{"etc"}, elem...)...)
}

func labels(all map[string]string) string {
	var pairs []string
	for key, value := range all {
		pairs = append(pairs, key+"="+value)
	}
	return strings.Join(pairs, ",")
}

func link(target, path string) error {
	if current, err := os.Readlink(path); err == nil && current == target {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("linking %s: %w", path, err)
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("linking %s: %w", path, err)
	}
	return os.Symlink(target, path)
}
