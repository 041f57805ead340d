package k3d

import (
	"context"
	"slices"
	"strconv"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// file is the part of a configuration file that [Cluster.Config] writes.
type file struct {
	Servers int    `json:"servers"`
	Agents  int    `json:"agents"`
	Image   string `json:"image"`
	Network string `json:"network"`
	Subnet  string `json:"subnet"`
	KubeAPI struct {
		HostPort string `json:"hostPort"`
	} `json:"kubeAPI"`
	Ports []struct {
		Port        string   `json:"port"`
		NodeFilters []string `json:"nodeFilters"`
	} `json:"ports"`
	Options struct {
		K3s struct {
			ExtraArgs []struct {
				Arg         string   `json:"arg"`
				NodeFilters []string `json:"nodeFilters"`
			} `json:"extraArgs"`
		} `json:"k3s"`
	} `json:"options"`
}

// Find reads what a cluster that exists was made of: from our configuration file where it was made with one, and else
// as far as k3d tells. A cluster that is not there is of kind fault.NotFound.
func Find(ctx context.Context, h Host, name string) (Cluster, Observed, error) {
	c := Cluster{Name: name, APIPort: DefaultAPIPort}
	if err := CheckName(name); err != nil {
		return c, Observed{}, err
	}
	raw, err := h.ReadFile(ctx, configPath(name))
	switch {
	case err == nil:
		if c, err = parseConfig(name, raw); err != nil {
			return c, Observed{}, err
		}
	case !fault.Is(err, fault.NotFound):
		return c, Observed{}, err
	}
	o, err := Read(ctx, h, c)
	if err != nil {
		return c, o, err
	}
	if !o.Found {
		return c, o, fault.Newf(fault.NotFound, "host %s has no k3d cluster %s", h, name)
	}
	c.Servers, c.Agents = o.Servers, o.Agents
	if c.Image == "" {
		c.Image = o.Image
	}
	return c, o, nil
}

func parseConfig(name string, raw []byte) (Cluster, error) {
	var f file
	if err := yaml.Unmarshal(raw, &f); err != nil {
		return Cluster{}, fault.Newf(fault.Invalid, "reading %s: %w", configPath(name), err)
	}
	c := Cluster{
		Name: name, Servers: f.Servers, Agents: f.Agents, Image: f.Image, Network: f.Network, Subnet: f.Subnet,
		APIPort: DefaultAPIPort, Traefik: true, ServiceLB: true,
	}
	if port, err := strconv.Atoi(f.KubeAPI.HostPort); err == nil {
		c.APIPort = port
	}
	for _, p := range f.Ports {
		c.Ports = append(c.Ports, Port(p))
	}
	for _, a := range f.Options.K3s.ExtraArgs {
		ours := slices.Equal(a.NodeFilters, []string{"server:*"})
		switch {
		case ours && a.Arg == "--disable=traefik":
			c.Traefik = false
		case ours && a.Arg == "--disable=servicelb":
			c.ServiceLB = false
		default:
			c.ExtraArgs = append(c.ExtraArgs, Arg(a))
		}
	}
	return c, nil
}
