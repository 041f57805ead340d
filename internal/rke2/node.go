// Package rke2 knows what RKE2 needs on a machine: which files, which units, in which order, and how to take all of
// it off again. It talks to the machine through [Host] and knows nothing of Terraform or of the Kubernetes API.
//
// Facts about RKE2 come from github.com/rancher/rke2 at v1.36.4-rc1+rke2r1 (install.sh, bundle/, pkg/cli/cmds) and
// hold back to v1.24 unless a comment says otherwise.
package rke2

// Role is what a node does in its cluster.
type Role string

// The roles, named as rke2's own sub-commands.
const (
	// Server runs the control plane and etcd.
	Server Role = "server"
	// Agent runs workloads only.
	Agent Role = "agent"
)

// Unit is the name of the systemd unit that runs the role.
func (r Role) Unit() string { return "rke2-" + string(r) + ".service" }

// article is the role as it stands in a sentence.
func (r Role) article() string {
	if r == Agent {
		return "an agent"
	}
	return "a " + string(r)
}

// other is the role that must not run on the same machine.
func (r Role) other() Role {
	if r == Server {
		return Agent
	}
	return Server
}

// Node is what one machine should be. The zero value of every field but Role leaves the choice to RKE2.
type Node struct {
	Role Role
	// Version is an exact RKE2 version, for example "v1.35.7+rke2r1". It wins over Channel.
	Version string
	// Channel names a release channel, for example "stable" or "v1.35". Without Version and Channel it is "stable".
	Channel string
	// Source says where the release comes from.
	Source Source
	// Name is the Kubernetes node name; the host name when empty.
	Name string
	// IP is the node's address, or two of them, comma-separated, for dual stack.
	IP string
	// TLSSAN are further names and addresses in the API server's certificate. Servers only.
	TLSSAN []string
	// CNI is the network plugin, or multus and a plugin. Servers only.
	CNI []string
	// IngressController is the packaged ingress controller, or "none". Servers from v1.29.7, v1.30.3 and v1.31 on.
	IngressController []string
	// Labels and Taints are given to the node when it registers; RKE2 never changes them afterwards.
	Labels map[string]string
	Taints []Taint
	// SystemDefaultRegistry is the registry, host and port, that RKE2 takes its own images from. Servers only; the agents
	// follow them.
	SystemDefaultRegistry string
	// Registries is the container runtime's registry configuration; nil leaves registries.yaml alone.
	Registries *Registries
	// Config holds further keys of RKE2's configuration file, as its documentation names them.
	Config map[string]any
	// Join is nil for the first server of a cluster.
	Join *Join
	// DataDir replaces /var/lib/rancher/rke2. It cannot change once the node is installed.
	DataDir string
}

// Taint keeps workloads off a node.
type Taint struct {
	Key, Value, Effect string
}

// String writes the taint as the kubelet reads it: key=value:effect.
func (t Taint) String() string {
	if t.Value == "" {
		return t.Key + ":" + t.Effect
	}
	return t.Key + "=" + t.Value + ":" + t.Effect
}

// Source says where a release's artifacts come from. The zero value is the public release server.
type Source struct {
	// URL is the folder that holds one folder per version; GitHub's releases when empty.
	URL string
	// ChannelURL answers a channel's name with a redirect to a version; update.rke2.io when empty.
	ChannelURL string
	// Path is a directory on the host with the artifacts and their sha256sum file: no download at all.
	Path string
	// LocalPath is such a directory on the machine that runs this program; the artifacts are uploaded.
	LocalPath string
}

// The public release servers, as rke2:install.sh has them.
const (
	DefaultArtifactURL = "https://github.com/rancher/rke2/releases/download"
	DefaultChannelURL  = "https://update.rke2.io/v1-release/channels"
	DefaultChannel     = "stable"
)

// offline reports whether the artifacts are files rather than downloads.
func (s Source) offline() bool { return s.Path != "" || s.LocalPath != "" }

func (s Source) artifactURL() string {
	if s.URL == "" {
		return DefaultArtifactURL
	}
	return s.URL
}

func (s Source) channelURL() string {
	if s.ChannelURL == "" {
		return DefaultChannelURL
	}
	return s.ChannelURL
}

func (n Node) channel() string {
	if n.Channel == "" {
		return DefaultChannel
	}
	return n.Channel
}
