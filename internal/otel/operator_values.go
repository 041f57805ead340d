package otel

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// kubernetesDistribution is the collector's distribution for Kubernetes, the chart's own default from 0.89.0 on.
const kubernetesDistribution = "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-k8s"

type operatorValues struct {
	Manager  managerValues `json:"manager,omitzero"`
	Webhooks webhookValues `json:"admissionWebhooks"`
}

type managerValues struct {
	CollectorImage imageValues `json:"collectorImage,omitzero"`
}

type imageValues struct {
	Repository string `json:"repository,omitempty"`
	Tag        string `json:"tag,omitempty"`
}

type webhookValues struct {
	CertManager toggle `json:"certManager"`
	// AutoGenerate is absent before 0.28, a bool until 0.42.2 and an object since
	// (opentelemetry-helm-charts:charts/opentelemetry-operator/UPGRADING.md).
	AutoGenerate any `json:"autoGenerateCert,omitempty"`
	// SecretAnnotations come with a hook of Helm, which would leave the Secret behind when the release goes. They can be
	// taken off from 0.88.0 on; before, the hook is in the template.
	SecretAnnotations map[string]any `json:"secretAnnotations,omitempty"`
}

type toggle struct {
	Enabled bool `json:"enabled"`
}

func (o Operator) values(version versions.Version) (map[string]any, error) {
	v := operatorValues{Manager: managerValues{CollectorImage: o.collectorImage(version)}}
	v.Webhooks.CertManager.Enabled = !o.OwnCertificate
	if o.OwnCertificate {
		switch {
		case version.AtLeast(0, 42, 3):
			v.Webhooks.AutoGenerate = toggle{Enabled: true}
		case version.AtLeast(0, 28, 0):
			v.Webhooks.AutoGenerate = true
		}
		if version.AtLeast(0, 88, 0) {
			v.Webhooks.SecretAnnotations = map[string]any{"helm.sh/hook": nil, "helm.sh/hook-delete-policy": nil}
		}
	}
	return object.Encode(v)
}

// collectorImage fills in what the chart leaves to its user from 0.56.0 to 0.88: it fails without a repository
// (opentelemetry-helm-charts:charts/opentelemetry-operator/UPGRADING.md, 0.55.3 to 0.56).
func (o Operator) collectorImage(version versions.Version) imageValues {
	repository, tag := splitImage(o.CollectorImage)
	if repository == "" && version.AtLeast(0, 56, 0) && !version.AtLeast(0, 89, 0) {
		repository = kubernetesDistribution
	}
	return imageValues{Repository: repository, Tag: tag}
}

// splitImage takes a tag off an image's name; a registry's port is no tag.
func splitImage(image string) (repository, tag string) {
	at := strings.LastIndex(image, ":")
	if at < 0 || strings.Contains(image[at:], "/") {
		return image, ""
	}
	return image[:at], image[at+1:]
}
