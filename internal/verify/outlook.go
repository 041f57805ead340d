package verify

import (
	"context"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Outlook is what the mesh's configuration lets expect of a trace, before there is one.
type Outlook struct {
	// Percent is the lowest sampling among the proxies on the way, and Source the object that says so.
	Percent float64
	Source  string
	// Off says why a proxy that should have a span makes none, nil while all do. It is a fault.Conflict.
	Off error
}

// Outlook looks at the proxies that should have spans; where no service is a proxy's, at what the mesh does in general.
// It is false when nothing is known: no mesh, or none that could be looked at.
func (w Way) Outlook(ctx context.Context) (Outlook, bool) {
	if w.Cluster == nil || w.Mesh == "" {
		return Outlook{}, false
	}
	proxies, named, err := w.proxies(ctx)
	if err != nil {
		return Outlook{}, false
	}
	out, known := Outlook{Percent: 100}, false
	for _, p := range proxies {
		t, err := w.Tracing(ctx, p)
		switch {
		case fault.Is(err, fault.Conflict) && named:
			return Outlook{Source: t.Source, Off: err}, true
		case err != nil:
			continue
		case !known || t.Percent < out.Percent:
			out, known = Outlook{Percent: t.Percent, Source: t.Source}, true
		}
	}
	return out, known
}

// proxies are those that should have spans, each once. Services that are no proxies' stand for the mesh in general;
// named is false then.
func (w Way) proxies(ctx context.Context) (found []Proxy, named bool, err error) {
	for _, service := range w.Services {
		app, namespace, ok := proxyName(service)
		if !ok {
			continue
		}
		p := Proxy{Namespace: namespace}
		pods, err := w.Cluster.List(ctx, "v1", "Pod", namespace, "app="+app)
		if err != nil {
			return nil, true, err
		}
		if len(pods) > 0 {
			p.Labels = labelsOf(pods[0])
		}
		found = append(found, p)
	}
	if len(found) == 0 {
		return []Proxy{{Namespace: w.Mesh}}, false, nil
	}
	return found, true, nil
}

// proxyName takes apart how Istio names the service of a proxy, <app>.<namespace> (istio/api:mesh/v1alpha1/proxy.proto,
// tracing_service_name APP_LABEL_AND_NAMESPACE, the default). Names with more dots, or none, are an application's own.
func proxyName(service string) (app, namespace string, ok bool) {
	app, namespace, ok = strings.Cut(service, ".")
	return app, namespace, ok && app != "" && namespace != "" && !strings.Contains(namespace, ".")
}

func labelsOf(o object.Object) map[string]string {
	labels := map[string]string{}
	for name, value := range object.Map(o, "metadata", "labels") {
		if text, ok := value.(string); ok {
			labels[name] = text
		}
	}
	return labels
}
