package discovery

import (
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// mesh is the part of MeshConfig that is about tracing (istio/api:mesh/v1alpha1/config.proto).
type mesh struct {
	EnableTracing    *bool       `json:"enableTracing"`
	RootNamespace    string      `json:"rootNamespace"`
	DefaultConfig    proxyConfig `json:"defaultConfig"`
	DefaultProviders struct {
		Tracing []string `json:"tracing"`
	} `json:"defaultProviders"`
	ExtensionProviders []provider `json:"extensionProviders"`

	// What is not of the ConfigMap but of istiod's own: its version's minor number, and the percentage in PILOT_TRACE_SAMPLING.
	minor    int
	sampling float64
}

// proxyConfig is the part of ProxyConfig that is about tracing (istio/api:mesh/v1alpha1/proxy.proto).
type proxyConfig struct {
	Tracing *struct {
		Sampling float64 `json:"sampling"`
		Zipkin   *struct {
			Address string `json:"address"`
		} `json:"zipkin"`
	} `json:"tracing"`
}

// provider is an extension provider, of those that trace the ones that are played.
type provider struct {
	Name   string `json:"name"`
	Zipkin *struct {
		backendService
		Path         string `json:"path"`
		Short        bool   `json:"enable64bitTraceId"`
		TraceContext string `json:"traceContextOption"`
	} `json:"zipkin"`
	OpenTelemetry *struct {
		backendService
		HTTP *struct {
			Path string `json:"path"`
		} `json:"http"`
	} `json:"opentelemetry"`
}

type backendService struct {
	// Service is "host" or "namespace/host".
	Service string `json:"service"`
	Port    int32  `json:"port"`
}

// errNoIstiod says that nobody would answer a proxy.
var errNoIstiod = errors.New("no istiod of this revision is ready")

// istiod finds a ready istiod of a revision.
func (w *World) istiod(revision string) (*corev1.Pod, error) {
	for _, pod := range w.Pods {
		if pod.Labels["app"] == "istiod" && cmp.Or(pod.Labels["istio.io/rev"], "default") == revision && w.Ready(pod) {
			return pod, nil
		}
	}
	return nil, errNoIstiod
}

// ProxySettings is what an istiod's ConfigMap says to all proxies (defaultConfig), as JSON; "{}" when it says nothing.
func ProxySettings(settings []*corev1.ConfigMap, namespace, revision string) string {
	var m struct {
		DefaultConfig map[string]any `json:"defaultConfig"`
	}
	for _, one := range settings {
		if one.Namespace == namespace && one.Name == settingsName(revision) && yaml.Unmarshal([]byte(one.Data["mesh"]), &m) != nil {
			return "{}"
		}
	}
	raw, err := json.Marshal(m.DefaultConfig)
	if err != nil || m.DefaultConfig == nil {
		return "{}"
	}
	return string(raw)
}

func settingsName(revision string) string {
	if revision == "default" {
		return "istio"
	}
	return "istio-" + revision
}

// settings reads what an istiod goes by: its ConfigMap, which carries its revision in its name, and its own variables.
func (w *World) settings(istiod *corev1.Pod, revision string) (mesh, error) {
	// istio:pkg/config/mesh/mesh.go@1.30.3, DefaultMeshConfig
	on := true
	m := mesh{EnableTracing: &on, RootNamespace: "istio-system"}
	for _, settings := range w.Settings {
		if settings.Namespace == istiod.Namespace && settings.Name == settingsName(revision) {
			if err := yaml.Unmarshal([]byte(settings.Data["mesh"]), &m); err != nil {
				return mesh{}, errors.New("the settings of the mesh cannot be read")
			}
		}
	}
	m.sampling = 1 // istio:pilot/pkg/features/telemetry.go, TraceSampling
	for _, container := range istiod.Spec.Containers {
		if container.Name != "discovery" {
			continue
		}
		m.minor = Minor(container.Image)
		for _, variable := range container.Env {
			if percent, err := strconv.ParseFloat(variable.Value, 64); err == nil && variable.Name == "PILOT_TRACE_SAMPLING" {
				m.sampling = percent
			}
		}
	}
	return m, nil
}

// Minor reads the minor number from an image's tag, "1.30.3" or "1.30.3-distroless"; -1 when it has none.
func Minor(image string) int {
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	parts := strings.SplitN(tag, ".", 3)
	if len(parts) < 2 {
		return -1
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return -1
	}
	return minor
}

// proxySettings are those that a proxy was started with: injection writes them into its environment, so that a change of the mesh's reaches
// a proxy when its pod is made anew (istio:pilot/pkg/model/proxy.go, ProxyConfigOrDefault).
func (m mesh) proxySettings(proxy *corev1.Container) proxyConfig {
	for _, variable := range proxy.Env {
		var own proxyConfig
		if variable.Name == "PROXY_CONFIG" && json.Unmarshal([]byte(variable.Value), &own) == nil {
			return own
		}
	}
	return m.DefaultConfig
}

// percentage is how many requests are traced where Telemetry says nothing (istio:pilot/pkg/networking/core/tracing.go@1.30.3,
// proxyConfigSamplingValue).
func (m mesh) percentage(own proxyConfig) float64 {
	switch {
	case own.Tracing == nil || own.Tracing.Sampling == 0:
		return m.sampling
	case own.Tracing.Sampling > 100:
		return 1
	}
	return own.Tracing.Sampling
}
