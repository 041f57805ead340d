// Package k3d knows Kubernetes clusters that k3d runs as containers on a host with Docker.
package k3d

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Cluster is what a host is to run.
type Cluster struct {
	Name string
	// Servers and Agents are how many containers of each kind there are.
	Servers, Agents int
	// Image is the K3s image; its tag is the version of Kubernetes.
	Image string
	// Network is the Docker network, which k3d makes when it is not there; empty means one of the cluster's own. Subnet
	// is its range; empty means Docker's choice.
	Network, Subnet string
	// APIPort is where the host's loopback serves the API.
	APIPort int
	// Ports are published on the host.
	Ports []Port
	// ExtraArgs go to K3s.
	ExtraArgs []Arg
	// Traefik and ServiceLB say whether K3s brings its own ingress controller and load balancer.
	Traefik, ServiceLB bool
	// Tool is the k3d to install where there is none.
	Tool download.Wanted
}

// Port publishes a port of some nodes, such as "8080:80@loadbalancer" without its filter.
type Port struct {
	Port        string
	NodeFilters []string
}

// Arg is an argument of K3s for some nodes.
type Arg struct {
	Arg         string
	NodeFilters []string
}

// Release is where k3d comes from (k3d:Makefile, gen-checksum; the names in checksums.txt begin with _dist/).
var Release = download.Release{
	Program: "k3d", Folder: "https://github.com/k3d-io/k3d/releases/download/{version}/",
	Artifact: "k3d-linux-{arch}", Sums: "checksums.txt",
}

// DefaultAPIPort is the one of k3d's documentation. 6443 is what an RKE2 on the same host has.
const DefaultAPIPort = 6550

// stateDir is where our files of a cluster are, readable by root alone.
const stateDir = "/var/lib/terraform-provider-lab/k3d"

// markFile holds the SHA-256 sum of the k3d that was put there by us.
const markFile = stateDir + "/.k3d.sha256"

// KubeconfigPath is where the administrator's kubeconfig of a cluster is on its host.
func KubeconfigPath(name string) string { return stateDir + "/" + name + "/kubeconfig.yaml" }

// NameAt is the cluster whose kubeconfig is at a path, if it is one of ours.
func NameAt(path string) (name string, ok bool) {
	rest, ours := strings.CutPrefix(path, stateDir+"/")
	name, file, _ := strings.Cut(rest, "/")
	return name, ours && file == "kubeconfig.yaml"
}

func configPath(name string) string { return stateDir + "/" + name + "/config.yaml" }

// Network names are Docker's; a cluster's name is limited by k3d (k3d:pkg/client/cluster.go, CheckName and its maximum of
// 32, because container names are made of it).
var (
	clusterName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)
	networkName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	portMapping = regexp.MustCompile(`^([0-9.]+:|\[[0-9a-fA-F:]+\]:)?([0-9]+(-[0-9]+)?:)?[0-9]+(-[0-9]+)?(/(tcp|udp|sctp))?$`)
	nodeFilter  = regexp.MustCompile(`^(all|loadbalancer|(server|servers|agent|agents)(:([0-9]+(,[0-9]+)*|\*|[0-9]+-[0-9]+))?(:(direct|proxy))?)$`)
)

// CheckName reports, as [fault.Invalid], a name that k3d would refuse.
func CheckName(name string) error {
	if !clusterName.MatchString(name) {
		return fault.Newf(fault.Invalid, "%q is no name for a k3d cluster: want lower-case letters, digits and dashes, up to 32", name)
	}
	return nil
}

// Validate reports, as [fault.Invalid], what k3d would refuse.
func (c Cluster) Validate() error {
	if err := CheckName(c.Name); err != nil {
		return err
	}
	if err := c.checkShape(); err != nil {
		return err
	}
	for _, p := range c.Ports {
		if !portMapping.MatchString(p.Port) {
			return fault.Newf(fault.Invalid, "port %q is no mapping such as 8080:80 or 127.0.0.1:8443:443/tcp", p.Port)
		}
		if err := checkFilters("port "+p.Port, p.NodeFilters); err != nil {
			return err
		}
	}
	for _, a := range c.ExtraArgs {
		if !strings.HasPrefix(a.Arg, "--") {
			return fault.Newf(fault.Invalid, "extra argument %q does not begin with --", a.Arg)
		}
		if err := checkFilters("extra argument "+a.Arg, a.NodeFilters); err != nil {
			return err
		}
	}
	return nil
}

func (c Cluster) checkShape() error {
	switch {
	case c.Servers < 1:
		return fault.Newf(fault.Invalid, "a cluster has at least one server")
	case c.Agents < 0:
		return fault.Newf(fault.Invalid, "a cluster cannot have %d agents", c.Agents)
	case c.APIPort < 1 || c.APIPort > 65535:
		return fault.Newf(fault.Invalid, "%d is no port", c.APIPort)
	case c.Network != "" && !networkName.MatchString(c.Network):
		return fault.Newf(fault.Invalid, "%q is no name of a Docker network", c.Network)
	}
	if c.Subnet != "" {
		if p, err := netip.ParsePrefix(c.Subnet); err != nil || p.Masked() != p {
			return fault.Newf(fault.Invalid, "subnet %q is no network in CIDR notation, such as 172.28.0.0/16", c.Subnet)
		}
	}
	return nil
}

func checkFilters(what string, filters []string) error {
	for _, f := range filters {
		if !nodeFilter.MatchString(f) {
			return fault.Newf(fault.Invalid, "%s: %q is no node filter such as server:*, agent:0 or loadbalancer", what, f)
		}
	}
	return nil
}

// Config is the cluster as a configuration file of k3d (k3d:pkg/config/v1alpha5/types.go at v5.9.0).
func (c Cluster) Config() ([]byte, error) {
	config := map[string]any{
		"apiVersion": "k3d.io/v1alpha5", "kind": "Simple",
		"metadata": map[string]any{"name": c.Name},
		"servers":  c.Servers, "agents": c.Agents, "image": c.Image,
		"kubeAPI": map[string]any{"hostIP": "127.0.0.1", "hostPort": strconv.Itoa(c.APIPort)},
		"options": map[string]any{
			"k3d":        map[string]any{"wait": true, "timeout": "10m0s"},
			"kubeconfig": map[string]any{"updateDefaultKubeconfig": false, "switchCurrentContext": false},
			"k3s":        map[string]any{"extraArgs": c.args()},
		},
	}
	if c.Network != "" {
		config["network"] = c.Network
	}
	if c.Subnet != "" {
		config["subnet"] = c.Subnet
	}
	var ports []any
	for _, p := range c.Ports {
		ports = append(ports, filtered("port", p.Port, p.NodeFilters))
	}
	if len(ports) > 0 {
		config["ports"] = ports
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("writing the configuration of cluster %s: %w", c.Name, err)
	}
	return append([]byte("# Written by terraform-provider-lab (lab_k3d_cluster).\n"), text...), nil
}

func (c Cluster) args() []any {
	args := slices.Clone(c.ExtraArgs)
	for _, off := range []struct {
		keep bool
		name string
	}{{c.Traefik, "traefik"}, {c.ServiceLB, "servicelb"}} {
		if !off.keep {
			args = append(args, Arg{Arg: "--disable=" + off.name, NodeFilters: []string{"server:*"}})
		}
	}
	out := make([]any, 0, len(args))
	for _, a := range args {
		out = append(out, filtered("arg", a.Arg, a.NodeFilters))
	}
	return out
}

func filtered(key, value string, filters []string) map[string]any {
	out := map[string]any{key: value}
	if len(filters) > 0 {
		out["nodeFilters"] = filters
	}
	return out
}
