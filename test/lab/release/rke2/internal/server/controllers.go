package server

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/bundled"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/controllers"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/deploy"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
)

const (
	retryInstall          = 2 * time.Second
	etcdNameAnnotation    = "etcd.rke2.cattle.io/node-name"
	etcdAddressAnnotation = "etcd.rke2.cattle.io/node-address"
)

// runControllers starts what a server does for its cluster besides serving the API.
func (s *server) runControllers(ctx context.Context, api *kubeapi.Client) {
	labels := map[string]any{}
	if !s.Settings.Bool("disable-apiserver") {
		labels["node-role.kubernetes.io/control-plane"] = "true"
	}
	annotations := map[string]any{}
	if !s.Settings.Bool("disable-etcd") {
		labels["node-role.kubernetes.io/etcd"] = "true"
		annotations[etcdAddressAnnotation] = s.id.IPs[0].String()
		annotations[etcdNameAnnotation] = s.memberName()
	}
	nodes := &controllers.Nodes{
		API: api, OwnName: s.id.Name, OwnLabels: labels, OwnAnnotations: annotations,
		CloudController: !s.Settings.Bool("disable-cloud-controller"), Removed: s.removeMember, Logger: s.Logger,
	}
	go nodes.Run(ctx)
	go s.retry(ctx, "deploy packaged components", func() error { return s.installOnce(ctx, api) })
	if containers.Enabled() {
		go s.retry(ctx, "give nodes their rights", func() error { return containers.Grant(ctx, api) })
	}
	manifests := &deploy.Controller{API: api, Dir: s.data.Manifests(), Disabled: s.Settings.Disabled, Logger: s.Logger}
	go manifests.Run(ctx)
}

// staticPods are the components that a server runs.
func (s *server) staticPods() []string {
	var out []string
	for _, c := range []struct{ name, disable string }{
		{"etcd", "disable-etcd"},
		{"kube-apiserver", "disable-apiserver"},
		{"kube-controller-manager", "disable-controller-manager"},
		{"kube-scheduler", "disable-scheduler"},
		{"cloud-controller-manager", "disable-cloud-controller"},
	} {
		if !s.Settings.Bool(c.disable) {
			out = append(out, c.name)
		}
	}
	return out
}

// memberName is this server's name in etcd, which the control plane keeps beside the database.
func (s *server) memberName() string {
	content, err := os.ReadFile(s.data.Server("db", "name"))
	if err != nil {
		return s.id.Name
	}
	return strings.TrimSpace(string(content))
}

// retry does something until it succeeds or ctx ends.
func (s *server) retry(ctx context.Context, what string, do func() error) {
	for ctx.Err() == nil {
		err := do()
		if err == nil {
			return
		}
		s.Logger.Warn("Failed to "+what+", will retry", "error", err)
		timer := time.NewTimer(retryInstall)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
}

func (s *server) installOnce(ctx context.Context, api *kubeapi.Client) error {
	installer := bundled.Installer{API: api, Logger: s.Logger}
	ingress, err := s.Settings.Ingress(s.Version)
	if err != nil {
		return err
	}
	if !s.Settings.IsSet("ingress-controller") && settings.AtLeast(s.Version, "v1.36.0") {
		kept, err := installer.DefaultIngress(ctx)
		if err != nil {
			return err
		}
		ingress = []string{kept}
	}
	_, multus, err := s.Settings.CNI()
	if err != nil {
		return err
	}
	return installer.Install(ctx, bundled.Options{
		Release: s.Version, CNI: s.cni, Multus: multus, Ingress: ingress, ClusterDNS: s.cluster.ClusterDNS, Disabled: s.Settings.Disabled,
	})
}
