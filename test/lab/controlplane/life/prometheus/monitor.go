package prometheus

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The kinds that say what to scrape.
var (
	serviceMonitors = schema.GroupVersionResource{Group: Group, Version: "v1", Resource: "servicemonitors"}
	podMonitors     = schema.GroupVersionResource{Group: Group, Version: "v1", Resource: "podmonitors"}
)

// Monitors are the custom resources that say what to scrape. They are looked at only where Prometheus really runs.
func Monitors() []schema.GroupVersionResource {
	return []schema.GroupVersionResource{serviceMonitors, podMonitors}
}

// monitor is a ServiceMonitor or a PodMonitor (prometheus-operator:pkg/apis/monitoring/v1/{service,pod}monitor_types.go@v0.93.0). Credentials
// are not read: what asks for them is scraped without.
type monitor struct {
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		JobLabel          string               `json:"jobLabel"`
		TargetLabels      []string             `json:"targetLabels"`
		PodTargetLabels   []string             `json:"podTargetLabels"`
		Selector          metav1.LabelSelector `json:"selector"`
		NamespaceSelector struct {
			Any        bool     `json:"any"`
			MatchNames []string `json:"matchNames"`
		} `json:"namespaceSelector"`
		SampleLimit    int64           `json:"sampleLimit"`
		AttachMetadata *attachMetadata `json:"attachMetadata"`
		Endpoints      []endpoint      `json:"endpoints"`
		PodEndpoints   []endpoint      `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

type attachMetadata struct {
	Node bool `json:"node"`
}

// endpoint is one way to scrape what a monitor selects.
type endpoint struct {
	Port              string              `json:"port"`
	PortNumber        int64               `json:"portNumber"`
	TargetPort        any                 `json:"targetPort"` // a name or a number
	Path              string              `json:"path"`
	Scheme            string              `json:"scheme"`
	Params            map[string][]string `json:"params"`
	Interval          string              `json:"interval"`
	ScrapeTimeout     string              `json:"scrapeTimeout"`
	HonorLabels       bool                `json:"honorLabels"`
	HonorTimestamps   *bool               `json:"honorTimestamps"`
	FollowRedirects   *bool               `json:"followRedirects"`
	EnableHTTP2       *bool               `json:"enableHttp2"`
	FilterRunning     *bool               `json:"filterRunning"`
	BearerTokenFile   string              `json:"bearerTokenFile"`
	TLSConfig         *tlsConfig          `json:"tlsConfig"`
	Relabelings       []relabeling        `json:"relabelings"`
	MetricRelabelings []relabeling        `json:"metricRelabelings"`
}

type tlsConfig struct {
	CAFile             string `json:"caFile"`
	ServerName         string `json:"serverName"`
	InsecureSkipVerify bool   `json:"insecureSkipVerify"`
}

// chosen are the monitors of a kind that a Prometheus selects by their labels and by those of their namespaces, in the order of their names.
// It selects none without a selector, and looks into its own namespace alone without one for namespaces
// (prometheus-operator:pkg/prometheus/resource_selector.go@v0.93.0).
func (o *Operator) chosen(server *unstructured.Unstructured, resource schema.GroupVersionResource, selector string) ([]monitor, error) {
	byLabel, found, err := selectorAt(server, selector)
	if err != nil || !found {
		return nil, err
	}
	byNamespace, anywhere, err := selectorAt(server, strings.TrimSuffix(selector, "Selector")+"NamespaceSelector")
	if err != nil {
		return nil, err
	}
	objects, _ := o.List(resource)
	var out []monitor
	for _, object := range objects {
		if !byLabel.Matches(labels.Set(object.GetLabels())) {
			continue
		}
		if anywhere {
			in := o.View.Namespace(object.GetNamespace())
			if in == nil || !byNamespace.Matches(labels.Set(in.Labels)) {
				continue
			}
		} else if object.GetNamespace() != server.GetNamespace() {
			continue
		}
		var m monitor
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &m); err != nil {
			o.Logger.Warn("a monitor that cannot be read", "kind", resource.Resource, "namespace", object.GetNamespace(), "name", object.GetName(), "err", err)
			continue
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b monitor) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// selectorAt reads a label selector of a spec; false when there is none.
func selectorAt(of *unstructured.Unstructured, field string) (labels.Selector, bool, error) {
	raw, found, err := unstructured.NestedMap(of.Object, "spec", field)
	if err != nil || !found {
		return nil, false, err
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &selector); err != nil {
		return nil, false, fmt.Errorf("reading %s: %w", field, err)
	}
	out, err := metav1.LabelSelectorAsSelector(&selector)
	if err != nil {
		return nil, false, fmt.Errorf("reading %s: %w", field, err)
	}
	return out, true, nil
}
