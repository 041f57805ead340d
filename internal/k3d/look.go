package k3d

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// Host is what this package needs of a machine; *host.Host is one.
type Host interface {
	hostscript.Host
	ReadFile(ctx context.Context, path string) ([]byte, error)
	WriteFile(ctx context.Context, file host.File) (bool, error)
	Lock(ctx context.Context, options host.LockOptions) (*host.Lock, error)
}

//go:embed scripts/look.sh
var lookScript string

// Observed is what was found of a cluster.
type Observed struct {
	// Found says whether k3d knows the cluster.
	Found bool
	// Servers, ServersRunning, Agents and AgentsRunning count its nodes.
	Servers, ServersRunning, Agents, AgentsRunning int
	// Subnet is the range of its Docker network, where MetalLB's addresses have to be from.
	Subnet string
	// Version is that of k3d.
	Version string
	// Image is the K3s image of the servers.
	Image string
	// Clusters is how many clusters of any name there are.
	Clusters int

	kubeconfig string
	// ours is the sum of k3d, where it is the one that we put there.
	ours    string
	uname   string
	docker  string
	refusal string
	path    string
}

// listed is a line of `k3d cluster list -o json` (k3d:cmd/cluster/clusterList.go).
type listed struct {
	Name           string `json:"name"`
	ServersCount   int    `json:"serversCount"`
	ServersRunning int    `json:"serversRunning"`
	AgentsCount    int    `json:"agentsCount"`
	AgentsRunning  int    `json:"agentsRunning"`
	Nodes          []struct {
		Role  string `json:"role"`
		Image string `json:"image"`
	} `json:"nodes"`
}

// look asks Docker and k3d. That one of them is missing is no error here.
func look(ctx context.Context, h Host, name, network string) (Observed, error) {
	if network == "" {
		network = "k3d-" + name
	}
	answer, err := hostscript.Run(ctx, h, hostscript.Script{Name: "look at k3d", Body: lookScript, Sudo: true, Env: map[string]string{
		"NETWORK": network, "MARK": markFile, "KUBECONFIG_FILE": KubeconfigPath(name),
	}})
	if err != nil {
		return Observed{}, err
	}
	o := Observed{
		Subnet: answer.Value("subnet"), Version: answer.Value("version"), kubeconfig: answer.Value("kubeconfig"),
		ours: answer.Value("ours"), uname: answer.Value("machine"), docker: answer.Value("docker"), refusal: answer.Value("error"), path: answer.Value("k3d"),
	}
	raw := answer.Blob("clusters")
	if len(raw) == 0 {
		return o, nil
	}
	var all []listed
	if err := json.Unmarshal(raw, &all); err != nil {
		return o, fmt.Errorf("reading the list of k3d's clusters on %s: %w", h, err)
	}
	o.Clusters = len(all)
	for _, l := range all {
		if l.Name == name {
			o.Found = true
			o.Servers, o.ServersRunning, o.Agents, o.AgentsRunning = l.ServersCount, l.ServersRunning, l.AgentsCount, l.AgentsRunning
			for _, n := range l.Nodes {
				if n.Role == "server" {
					o.Image = n.Image
				}
			}
		}
	}
	return o, nil
}

// ready reports why nothing can be asked of Docker.
func (o Observed) ready(h Host) error {
	switch o.docker {
	case "missing":
		return fault.Newf(fault.Invalid, "host %s has no Docker, which k3d needs: install it (https://docs.docker.com/engine/install) and apply again", h)
	case "down":
		return fault.Newf(fault.Unreachable, "Docker on host %s does not answer: %s. Start it with: systemctl start docker", h, o.refusal)
	}
	return nil
}

// Read looks at a cluster. Where Docker or k3d is not there nothing can be said of the cluster, which is of kind
// fault.Unreachable.
func Read(ctx context.Context, h Host, c Cluster) (Observed, error) {
	o, err := look(ctx, h, c.Name, c.Network)
	if err != nil {
		return o, err
	}
	if err := o.ready(h); err != nil {
		return o, fault.New(fault.Unreachable, err)
	}
	if o.path == "" {
		return o, fault.Newf(fault.Unreachable, "host %s has no k3d any more, so nobody can tell how cluster %s is", h, c.Name)
	}
	if o.refusal != "" {
		return o, fault.Newf(fault.Unreachable, "asking k3d on host %s: %s", h, o.refusal)
	}
	return o, nil
}

// Drift lists what is not as it should be and can be put right in place.
func (o Observed) Drift(c Cluster) []string {
	var drift []string
	if o.ServersRunning < o.Servers {
		drift = append(drift, fmt.Sprintf("servers: want %d running, the host runs %d", o.Servers, o.ServersRunning))
	}
	if o.AgentsRunning < o.Agents {
		drift = append(drift, fmt.Sprintf("agents: want %d running, the host runs %d", o.Agents, o.AgentsRunning))
	}
	switch {
	case o.kubeconfig == "absent":
		drift = append(drift, fmt.Sprintf("kubeconfig: want %s, the host has none", KubeconfigPath(c.Name)))
	case o.kubeconfig != "600 0":
		mode, owner, _ := strings.Cut(o.kubeconfig, " ")
		drift = append(drift, fmt.Sprintf("kubeconfig: want mode 0600 of root, it has 0%s of user %s", mode, owner))
	}
	return drift
}

// Reshaped lists what is not as it should be and takes a new cluster to put right.
func (o Observed) Reshaped(c Cluster) []string {
	var lines []string
	if o.Servers != c.Servers {
		lines = append(lines, fmt.Sprintf("servers: want %d, the cluster has %d", c.Servers, o.Servers))
	}
	if o.Agents != c.Agents {
		lines = append(lines, fmt.Sprintf("agents: want %d, the cluster has %d", c.Agents, o.Agents))
	}
	return lines
}
