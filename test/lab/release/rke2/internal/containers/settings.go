package containers

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"text/template"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubelet"
)

//go:embed config
var templates embed.FS

const (
	// socket is where RKE2's containerd listens.
	socket = "/run/k3s/containerd/containerd.sock"
	// sandboxImage holds a pod's namespaces. The lab's registry serves it under any name that ends so.
	sandboxImage = "index.docker.io/rancher/pause:3.6"
	// labRoot is where a host of the lab keeps file systems of containers: its own root is an overlay, and overlays on it do not work.
	labRoot = "/var/lib/lab-containerd"
)

// values are what the templates are filled with.
type values struct {
	Root, Socket, SandboxImage, Registries, Agent, Address, Domain, Name, ClusterCIDR, Pods string
	Taints                                                                                  []kubelet.Taint
}

func (n Node) writeSettings() error {
	pods, err := podRange(n.ClusterCIDR, n.Address)
	if err != nil {
		return err
	}
	v := values{
		Root: n.Data.Agent("containerd"), Socket: socket, SandboxImage: sandboxImage, Registries: n.setting("containerd", "certs.d"),
		Agent: n.Data.Agent(), Address: n.Address.String(), Domain: n.Domain, Name: n.Name, ClusterCIDR: n.ClusterCIDR, Pods: pods.String(), Taints: n.Taints,
	}
	if _, err := os.Stat(labRoot); err == nil {
		v.Root = labRoot
	}
	files := map[string]string{
		n.setting("containerd", "config.toml"): "containerd.toml.tmpl",
		n.setting("kubelet.yaml"):              "kubelet.yaml.tmpl",
		n.setting("kube-proxy.yaml"):           "kube-proxy.yaml.tmpl",
	}
	if n.CNI != "none" {
		files[filepath.Join("/etc/cni/net.d", "10-"+n.CNI+".conflist")] = "network.conflist.tmpl"
	}
	for path, name := range files {
		if err := writeSetting(path, name, v); err != nil {
			return err
		}
	}
	return nil
}

func writeSetting(path, name string, v values) error {
	content, err := render(name, v)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func render(name string, v values) ([]byte, error) {
	text, err := fs.ReadFile(templates, "config/"+name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, v)
	return out.Bytes(), err
}

// Ranges of pods are the cluster's networks 200 to 254 of 256 addresses; the simulator and the control plane's own allocation begin at 0.
const (
	firstPodRange = 200
	podRanges     = 55
	// firstAddress is the last number of the lab's first host.
	firstAddress = 11
)

var errRange = errors.New("containers need a cluster-cidr of IPv4 that is no smaller than a /16")

// podRange is the range of the containers' addresses on the node with an address. Nodes work it out from each other's address, so that nobody
// has to hand it out: in a network of up to 55 consecutive addresses they differ.
func podRange(clusterCIDR string, address net.IP) (*net.IPNet, error) {
	_, cluster, err := net.ParseCIDR(clusterCIDR)
	if err != nil {
		return nil, fmt.Errorf("reading cluster-cidr: %w", err)
	}
	base, node := cluster.IP.To4(), address.To4()
	if ones, _ := cluster.Mask.Size(); base == nil || node == nil || ones > 16 {
		return nil, errRange
	}
	number := (int(node[2])<<8 + int(node[3]) - firstAddress + podRanges) % podRanges
	return &net.IPNet{IP: net.IPv4(base[0], base[1], byte(firstPodRange+number), 0).To4(), Mask: net.CIDRMask(24, 32)}, nil
}
