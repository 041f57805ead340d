// Package server knows one control plane server: its options, the arguments of its components, the order in which they start and
// how the whole ends.
package server

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/component-base/version"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
)

// Options is what the command line says about a server.
type Options struct {
	DataDir     string
	NodeName    string
	NodeIP      string
	BindAddress string
	// SecurePort is the API's port. 0 takes free ports for everything, so that servers can stand side by side on one address.
	SecurePort  int
	ClusterCIDR string
	ServiceCIDR string
	TLSSANs     []string
	// EtcdListen is the address on which other servers reach this server's etcd; a loopback address means a cluster of one.
	EtcdListen string
	// EtcdJoin are client URLs of the etcd to join.
	EtcdJoin []string
	// RegisterNode keeps a simulated Node of this name alive.
	RegisterNode bool
	// KubernetesBinary, when set, runs in place of this binary as API server, controller manager and scheduler: those of another release.
	// Its first argument is the component's name, or "version".
	KubernetesBinary string
	// KubeVersion, when set, must be the version that runs.
	KubeVersion string
	// NodeGrace is how long a node may be silent before it counts as unreachable.
	NodeGrace time.Duration
	Life      bool
	LifeDelay time.Duration
	// EgressErrors is the wording of failed dials from the API server into the cluster, see package egress.
	EgressErrors string
	// Containers is a file with the names of images whose pods really run on the nodes, see package containers; empty when none do.
	Containers string
	// Lifeline ends the server when its standard input ends, so that it never outlives a test that was killed.
	Lifeline bool

	// kubernetes is the version that runs; Complete finds it.
	kubernetes string
	// rule is what Containers says; Complete reads it.
	rule *containers.Rule
}

// AddFlags declares the flags of `run`.
func (o *Options) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.DataDir, "data-dir", "", "directory of this server's state")
	flags.StringVar(&o.NodeName, "node-name", "lab", "name of this server's node")
	flags.StringVar(&o.NodeIP, "node-ip", "127.0.0.1", "address of this server")
	flags.StringVar(&o.BindAddress, "bind-address", "127.0.0.1", "address on which the API listens")
	flags.IntVar(&o.SecurePort, "secure-port", 6443, "port of the API; 0 takes free ports for everything and writes the API's to DATA-DIR/port")
	flags.StringVar(&o.ClusterCIDR, "cluster-cidr", "10.42.0.0/16", "address range of pods")
	flags.StringVar(&o.ServiceCIDR, "service-cidr", "10.43.0.0/16", "address range of services")
	flags.StringSliceVar(&o.TLSSANs, "tls-san", nil, "further name or address in the API's certificate (repeatable)")
	flags.StringVar(&o.EtcdListen, "etcd-listen", "127.0.0.1", "address on which other servers reach this server's etcd")
	flags.StringSliceVar(&o.EtcdJoin, "etcd-join", nil, "client URL of a member of the etcd to join (repeatable)")
	flags.BoolVar(&o.RegisterNode, "register-node", false, "register a simulated Node with this server's name and keep it Ready")
	flags.StringVar(&o.KubernetesBinary, "kubernetes-binary", "", "binary of another release whose API server, controller manager and scheduler run instead")
	flags.StringVar(&o.KubeVersion, "kube-version", "", "fail unless this is the version that runs")
	flags.DurationVar(&o.NodeGrace, "node-grace", 20*time.Second, "silence after which a node counts as unreachable")
	flags.BoolVar(&o.Life, "life", true, "answer webhooks and give addresses as the controllers of installed charts would")
	flags.DurationVar(&o.LifeDelay, "life-delay", 1500*time.Millisecond, "time from a webhook's first ready endpoint to its caBundle")
	flags.StringVar(&o.EgressErrors, "egress-errors", "plain", "wording of failed dials into the cluster: plain or rke2")
	flags.StringVar(&o.Containers, "containers", "", "file with the names of images; pods that need no others are left to the nodes' kubelets")
	flags.BoolVar(&o.Lifeline, "lifeline", false, "end when standard input ends")
}

// Complete checks the options and makes paths absolute.
func (o *Options) Complete() error {
	if o.DataDir == "" {
		return errors.New("--data-dir is required")
	}
	dir, err := filepath.Abs(o.DataDir)
	if err != nil {
		return fmt.Errorf("resolving --data-dir: %w", err)
	}
	o.DataDir = dir
	for name, value := range map[string]string{"node-ip": o.NodeIP, "bind-address": o.BindAddress, "etcd-listen": o.EtcdListen} {
		if net.ParseIP(value) == nil {
			return fmt.Errorf("--%s %q is not an address", name, value)
		}
	}
	for name, value := range map[string]string{"cluster-cidr": o.ClusterCIDR, "service-cidr": o.ServiceCIDR} {
		if _, _, err := net.ParseCIDR(value); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	if o.EgressErrors != "plain" && o.EgressErrors != "rke2" {
		return fmt.Errorf("--egress-errors %q is neither plain nor rke2", o.EgressErrors)
	}
	if o.Containers != "" {
		if o.rule, err = containers.Read(o.Containers); err != nil {
			return err
		}
	}
	return o.findKubernetes()
}

// findKubernetes asks the Kubernetes that runs for its version.
func (o *Options) findKubernetes() error {
	o.kubernetes = version.Get().GitVersion
	if o.KubernetesBinary != "" {
		path, err := filepath.Abs(o.KubernetesBinary)
		if err != nil {
			return fmt.Errorf("resolving --kubernetes-binary: %w", err)
		}
		o.KubernetesBinary = path
		out, err := exec.Command(path, "version").Output() //nolint:noctx // it prints a constant
		if err != nil {
			return fmt.Errorf("asking --kubernetes-binary for its version: %w", err)
		}
		o.kubernetes = strings.TrimSpace(string(out))
	}
	if o.KubeVersion != "" && o.KubeVersion != o.kubernetes {
		return fmt.Errorf("--kube-version %s asked for, this is %s", o.KubeVersion, o.kubernetes)
	}
	return nil
}

// stacked tells whether other servers may share this server's etcd, so that controllers must elect a leader.
func (o *Options) stacked() bool { return !net.ParseIP(o.EtcdListen).IsLoopback() }

func (o *Options) tlsDir() string          { return filepath.Join(o.DataDir, "tls") }
func (o *Options) tls(name string) string  { return filepath.Join(o.DataDir, "tls", name) }
func (o *Options) cred(name string) string { return filepath.Join(o.DataDir, "cred", name) }
func (o *Options) etc(name string) string  { return filepath.Join(o.DataDir, "etc", name) }
func (o *Options) etcdDir() string         { return filepath.Join(o.DataDir, "db", "etcd") }
func (o *Options) path(name string) string { return filepath.Join(o.DataDir, name) }
func (p ports) apiURL() string             { return "https://127.0.0.1:" + strconv.Itoa(p.api) }
func (p ports) etcdURL(host string) string {
	return "https://" + net.JoinHostPort(host, strconv.Itoa(p.etcdClient))
}

func (p ports) peerURL(host string) string {
	return "https://" + net.JoinHostPort(host, strconv.Itoa(p.etcdPeer))
}
