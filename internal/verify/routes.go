package verify

import (
	"context"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// networkingVersions are those that Istio has served, newest first.
var networkingVersions = []string{"networking.istio.io/v1", "networking.istio.io/v1beta1"}

// routesFor says what the cluster's Gateways and VirtualServices have for a host.
func (w Way) routesFor(ctx context.Context, host string) string {
	if w.Cluster == nil {
		return "no listener and route for host " + host
	}
	gateways, err := w.networking(ctx, "Gateway")
	if err != nil {
		return "no route for host " + host + " (Gateways could not be read: " + err.Error() + ")"
	}
	if !slices.ContainsFunc(gateways, func(o object.Object) bool { return gatewayServes(o, host) }) {
		return "no Gateway has a listener for host " + host
	}
	services, err := w.networking(ctx, "VirtualService")
	if err != nil {
		return "no route for host " + host + " (VirtualServices could not be read: " + err.Error() + ")"
	}
	if !slices.ContainsFunc(services, func(o object.Object) bool { return hasHost(object.List(o, "spec", "hosts"), host) }) {
		return "no VirtualService routes host " + host
	}
	return "host " + host + " has Gateway and VirtualService, but no rule matches the path, or they do not refer to each other"
}

func (w Way) networking(ctx context.Context, kind string) ([]object.Object, error) {
	return w.served(ctx, networkingVersions, kind, "")
}

// served lists a kind in the newest version that has objects.
func (w Way) served(ctx context.Context, versions []string, kind, namespace string) ([]object.Object, error) {
	for _, version := range versions {
		list, err := w.Cluster.List(ctx, version, kind, namespace, "")
		if err != nil || len(list) > 0 {
			return list, err
		}
	}
	return nil, nil
}

func gatewayServes(o object.Object, host string) bool {
	for _, server := range object.List(o, "spec", "servers") {
		if m, ok := server.(map[string]any); ok && hasHost(object.List(m, "hosts"), host) {
			return true
		}
	}
	return false
}

// hasHost matches as Istio does: "*", "*.example.com", "namespace/host".
func hasHost(hosts []any, host string) bool {
	for _, h := range hosts {
		pattern, _ := h.(string)
		if _, after, ok := strings.Cut(pattern, "/"); ok {
			pattern = after
		}
		suffix, wild := strings.CutPrefix(pattern, "*")
		if pattern == host || (wild && strings.HasSuffix(host, suffix)) {
			return true
		}
	}
	return false
}
