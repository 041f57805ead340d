package provider

import (
	"context"
	"net/http"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// nowhere is the World while Terraform only validates: there is nothing to reach.
type nowhere struct{}

func (nowhere) Cluster(context.Context, reach.Reference) (Engine, error) {
	return nil, fault.Newf(fault.Unreachable, "no cluster is reached while a configuration is validated")
}

func (nowhere) Node(host.Target) Machine { return machine{} }

func (nowhere) Host(host.Target) Host { return nil }

func (nowhere) Kubeconfig(context.Context, reach.Reference) ([]byte, error) {
	return nil, fault.Newf(fault.Unreachable, "no cluster is reached while a configuration is validated")
}

func (nowhere) HTTP(context.Context, reach.Reference, reach.HTTPOptions) (*http.Client, error) {
	return nil, fault.Newf(fault.Unreachable, "nothing is asked while a configuration is validated")
}

func (nowhere) Forward(context.Context, reach.Reference, kube.ForwardOptions) (*kube.LastingForward, error) {
	return nil, fault.Newf(fault.Unreachable, "no port is forwarded while a configuration is validated")
}

func (nowhere) Logs(context.Context, reach.Reference, kube.LogOptions) (string, error) {
	return "", fault.Newf(fault.Unreachable, "no log is read while a configuration is validated")
}

func (nowhere) Charts() *helm.Charts { return nil }

func (nowhere) Forget(reach.Reference) {}

func (nowhere) Library() Library { return helm.NewCharts(helm.ChartsOptions{}) }
