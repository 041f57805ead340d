package rke2

import (
	"net/netip"
	"slices"
	"sort"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// ownKeys are the configuration keys that have a field of their own, and the field.
var ownKeys = map[string]string{
	"node-name": "the node's name", "node-ip": "the node's address", "tls-san": "the list of TLS names", "cni": "the CNI",
	"ingress-controller": "the ingress controller", "node-label": "the labels", "node-taint": "the taints",
	"data-dir": "the data directory", "server": "the server to join", "private-registry": "the registries",
	"system-default-registry": "the system default registry",
}

// refusedKeys are configuration keys that cannot be given at all, and why.
var refusedKeys = map[string]string{
	"token":                      "a token does not belong into a configuration: nodes read it from the server they join; a first server may name a file on the host with token-file",
	"agent-token":                "a token does not belong into a configuration: name a file on the host with agent-token-file",
	"cluster-reset":              "it is an operation, and as a setting it would reset the cluster at every start",
	"cluster-reset-restore-path": "it is an operation, and as a setting it would reset the cluster at every start",
}

// Validate says what is wrong with the node as far as that can be told without a machine. The error is of kind
// fault.Invalid and names every problem.
func (n Node) Validate() error {
	var problems []string
	add := func(text string) { problems = append(problems, text) }
	if n.Role != Server && n.Role != Agent {
		add("the role must be server or agent, not " + quoted(string(n.Role)))
	}
	if n.Version != "" {
		if _, err := ParseVersion(n.Version); err != nil {
			add(err.Error())
		}
	}
	n.validateRole(add)
	n.validateSource(add)
	n.validateConfig(add)
	if n.IP != "" {
		for _, part := range strings.Split(n.IP, ",") {
			if _, err := netip.ParseAddr(strings.TrimSpace(part)); err != nil {
				add("the node's address " + quoted(part) + " is not an IP address")
			}
		}
	}
	for _, t := range n.Taints {
		if t.Key == "" || !slices.Contains([]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, t.Effect) {
			add("taint " + quoted(t.String()) + " needs a key and the effect NoSchedule, PreferNoSchedule or NoExecute")
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return fault.Newf(fault.Invalid, "%s", strings.Join(problems, "; "))
}

// validateRole finds what only the other role may have.
func (n Node) validateRole(add func(string)) {
	if n.Role == Agent && n.Join == nil {
		add("an agent needs a server to join")
	}
	if n.Join != nil {
		if _, err := joinURL(n.Join.Server); err != nil {
			add(err.Error())
		}
		if _, has := n.Config["token-file"]; has {
			add("configuration key token-file is set by joining a server")
		}
	}
	if n.Role != Agent {
		return
	}
	for name, set := range map[string]bool{"TLS names": len(n.TLSSAN) > 0, "a CNI": len(n.CNI) > 0, "an ingress controller": len(n.IngressController) > 0} {
		if set {
			add("an agent cannot have " + name + ": that is the servers' choice")
		}
	}
}

func (n Node) validateSource(add func(string)) {
	if n.Source.Path != "" && n.Source.LocalPath != "" {
		add("artifacts come from a directory on the host or from one to upload, not from both")
	}
	if n.Source.offline() && n.Version == "" && n.Channel != "" {
		add("a directory of artifacts holds one version, so a channel has no meaning with it")
	}
	if n.Source.Path != "" && !strings.HasPrefix(n.Source.Path, "/") {
		add("the directory of artifacts " + quoted(n.Source.Path) + " must be an absolute path")
	}
	if n.DataDir != "" && (!strings.HasPrefix(n.DataDir, "/") || strings.Count(strings.Trim(n.DataDir, "/"), "/") < 1) {
		add("the data directory " + quoted(n.DataDir) + " must be an absolute path at least two levels deep: it is removed as a whole on uninstall")
	}
}

// validateConfig finds keys that are refused or set twice.
func (n Node) validateConfig(add func(string)) {
	keys := make([]string, 0, len(n.Config))
	for key := range n.Config {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	fixed := n.ownConfig()
	for _, key := range keys {
		plain := strings.TrimSuffix(key, "+")
		if why, refused := refusedKeys[plain]; refused {
			add("configuration key " + key + ": " + why)
			continue
		}
		if _, twice := fixed[plain]; twice {
			add("configuration key " + key + " is set already by " + ownKeys[plain])
			continue
		}
		if plain == "data-dir" || plain == "server" {
			add("configuration key " + key + " has an argument of its own: " + ownKeys[plain])
		}
	}
}

func quoted(text string) string { return `"` + text + `"` }
