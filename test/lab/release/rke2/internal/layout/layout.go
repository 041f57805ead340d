// Package layout knows where RKE2 keeps its files on a host.
package layout

import "path/filepath"

// Paths that do not depend on the data directory.
const (
	Kubeconfig   = "/etc/rancher/rke2/rke2.yaml"
	NodeDir      = "/etc/rancher/node"
	NodePassword = NodeDir + "/password"
	NodeID       = NodeDir + "/id"
	FaultsFile   = "/etc/rancher/rke2/lab-faults.yaml"
	ControlPlane = "/usr/libexec/lab/lab-controlplane"
	// Containers lists, on a host of the lab that runs containers, the images that do; Registry holds the address of the registry with them.
	Containers = "/usr/libexec/lab/containers"
	Registry   = "/usr/libexec/lab/registry"
)

// Kubernetes is where a host may have the Kubernetes of a minor release, "1.24"; the control plane runs its own otherwise.
func Kubernetes(minor string) string { return "/usr/libexec/lab/kubernetes-" + minor }

// Data is a data directory, /var/lib/rancher/rke2 by default.
type Data string

// Server returns a path below server/.
func (d Data) Server(elem ...string) string {
	return filepath.Join(append([]string{string(d), "server"}, elem...)...)
}

// Agent returns a path below agent/.
func (d Data) Agent(elem ...string) string {
	return filepath.Join(append([]string{string(d), "agent"}, elem...)...)
}

// Bin returns a path below bin/, where kubectl and the container runtime's programs are.
func (d Data) Bin(elem ...string) string {
	return filepath.Join(append([]string{string(d), "bin"}, elem...)...)
}

// TLS returns a path below server/tls/.
func (d Data) TLS(elem ...string) string { return d.Server(append([]string{"tls"}, elem...)...) }

// Token is the file with the full server token; NodeToken and AgentToken are links to it unless an agent token is set.
func (d Data) Token() string { return d.Server("token") }

// NodeToken is the old name of Token.
func (d Data) NodeToken() string { return d.Server("node-token") }

// AgentToken is the file with the full agent token.
func (d Data) AgentToken() string { return d.Server("agent-token") }

// Manifests is the folder whose files are applied to the cluster.
func (d Data) Manifests() string { return d.Server("manifests") }

// Etcd is the database's folder.
func (d Data) Etcd() string { return d.Server("db", "etcd") }

// Snapshots is the default folder of etcd snapshots.
func (d Data) Snapshots() string { return d.Server("db", "snapshots") }

// AdminKubeconfig is the administrator's kubeconfig that the control plane writes.
func (d Data) AdminKubeconfig() string { return d.Server("cred", "admin.kubeconfig") }

// Passwd is the list of the supervisor's users.
func (d Data) Passwd() string { return d.Server("cred", "passwd") }
