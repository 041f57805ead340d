package agent

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/balancer"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubelet"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
)

// realPods tells whether this node runs containers. One that is to send no heartbeats is played, whatever the host can do.
func (o Options) realPods() bool { return containers.Enabled() && !o.Silent }

// runContainers runs a kubelet and what belongs to it until ctx ends, and beside them companion, which does what is RKE2's own.
func (o Options) runContainers(ctx context.Context, node joined, id Identity, servers *balancer.Balancer, companion *kubelet.Kubelet) error {
	n, err := o.containerNode(node, id)
	if err != nil {
		return err
	}
	api, err := kubeapi.New(kubeapi.Options{
		Server: "https://127.0.0.1:6443", CA: node.serverCA, Cert: node.proxyCert, Key: node.proxyKey, Agent: "rke2", DialFunc: servers.Dialer("6443"),
	})
	if err != nil {
		return err
	}
	if err := n.Prepare(); err != nil {
		return err
	}
	if err := listenLocally(ctx, servers); err != nil {
		return err
	}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { companion.Run(ctx) })
	running.Go(func() { n.KeepRoutes(ctx, api) })
	return n.Run(ctx)
}

func (o Options) containerNode(node joined, id Identity) (containers.Node, error) {
	labels, err := kubelet.ParseLabels(o.Settings.List("node-label"))
	if err != nil {
		return containers.Node{}, err
	}
	taints, err := kubelet.ParseTaints(o.Settings.List("node-taint"))
	if err != nil {
		return containers.Node{}, err
	}
	binary := os.Getenv("LAB_CONTROLPLANE")
	if binary == "" {
		binary = layout.ControlPlane
	}
	return containers.Node{
		Data: o.Data, Name: id.Name, Address: id.IPs[0], Version: o.Version, ClusterCIDR: node.cluster.ClusterIPRange,
		Domain: node.cluster.ClusterDomain, CNI: node.cluster.CNI, Proxy: !node.cluster.DisableKubeProxy, Labels: labels, Taints: taints,
		Binary: binary, Logger: o.Logger,
	}, nil
}

// listenLocally lets programs of this host reach the API server at 127.0.0.1:6443, where kubeconfigs of a node look for it. On a server it
// mostly listens there itself.
func listenLocally(ctx context.Context, servers *balancer.Balancer) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:6443")
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil
	}
	if err != nil {
		return err
	}
	go servers.Serve(ctx, listener, "6443")
	return nil
}

// writeProxyKubeconfig writes the kubeconfig of kube-proxy and DNS.
func writeProxyKubeconfig(o Options, node joined) error {
	content, err := kubeapi.Kubeconfig(kubeapi.Options{
		Server: "https://127.0.0.1:6443", CA: node.serverCA, Cert: node.proxyCert, Key: node.proxyKey,
	}, "local")
	if err != nil {
		return err
	}
	return writeFile(o.Data.Agent("kubeproxy.kubeconfig"), content, 0o600)
}
