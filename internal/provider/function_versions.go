package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

var _ function.Function = versionsFunction{}

func newVersionsFunction() function.Function { return versionsFunction{} }

type versionsFunction struct{}

// versionFields are the attributes of the result, with how each is read from a profile; empty becomes null.
var versionFields = map[string]func(versions.Profile) string{
	"profile":               func(p versions.Profile) string { return p.Name },
	"kubernetes":            func(p versions.Profile) string { return p.Kubernetes },
	"rke2":                  func(p versions.Profile) string { return p.RKE2 },
	"metallb":               chartOf(versions.MetalLB),
	"istio":                 chartOf(versions.Istiod),
	"cert_manager":          chartOf(versions.CertManager),
	"otel_operator":         chartOf(versions.OTelOperator),
	"tempo":                 chartOf(versions.Tempo),
	"kube_prometheus_stack": chartOf(versions.KubePrometheusStack),
	"rancher_monitoring":    chartOf(versions.RancherMonitoring),
	"kiali_operator":        chartOf(versions.KialiOperator),
	"ingress_nginx":         chartOf(versions.IngressNginx),
	"traefik":               chartOf(versions.Traefik),
	"hotrod_image":          imageOf(versions.HotROD),
	"bookinfo_image":        imageOf(versions.Bookinfo),
	"bookinfo_tag":          imageOf(versions.BookinfoTag),
	"nginx_image":           imageOf(versions.Nginx),
	"calicoctl":             toolOf(versions.Calicoctl),
	"kubens":                toolOf(versions.Kubens),
	"helm":                  toolOf(versions.Helm),
	"k3d":                   toolOf(versions.K3d),
	"k3s":                   toolOf(versions.K3s),
}

func chartOf(key string) func(versions.Profile) string {
	return func(p versions.Profile) string { return p.Chart(key).Version }
}

func imageOf(key string) func(versions.Profile) string {
	return func(p versions.Profile) string { return p.Images[key] }
}

func toolOf(key string) func(versions.Profile) string {
	return func(p versions.Profile) string { return p.Tools[key] }
}

func (versionsFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "versions"
}

func (versionsFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Versions that belong together",
		MarkdownDescription: "Returns the versions of a profile, a set that was made to work together, so that choosing all of them is one line. The profiles are `" +
			strings.Join(versions.Names(), "` and `") + "`.\n\n" +
			"The result is one object: `profile`, `kubernetes` (the range that all of it runs on), `rke2`; versions of charts, as `chart_version` takes them: " +
			"`metallb`, `istio`, `cert_manager`, `otel_operator`, `tempo`, `kube_prometheus_stack`, `rancher_monitoring`, `kiali_operator`, `ingress_nginx`, `traefik`; " +
			"images: `hotrod_image`, `bookinfo_image` (what the names of Bookinfo's images begin with), `bookinfo_tag`, `nginx_image`; " +
			"and tools: `calicoctl`, `kubens`, `helm`, `k3d`, `k3s`. What a profile lacks is null: a resource then takes its default.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "profile", MarkdownDescription: "Name of the profile."},
		},
		Return: function.ObjectReturn{AttributeTypes: versionTypes()},
	}
}

func versionTypes() map[string]attr.Type {
	out := make(map[string]attr.Type, len(versionFields))
	for name := range versionFields {
		out[name] = types.StringType
	}
	return out
}

func (versionsFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var name string
	if resp.Error = req.Arguments.Get(ctx, &name); resp.Error != nil {
		return
	}
	profile, err := versions.Get(name)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, sentence(err.Error()))
		return
	}
	values := make(map[string]attr.Value, len(versionFields))
	for field, read := range versionFields {
		values[field] = nullIfEmpty(read(profile))
	}
	resp.Error = resp.Result.Set(ctx, types.ObjectValueMust(versionTypes(), values))
}
