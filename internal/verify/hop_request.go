package verify

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// lookAtRequest sends the request once more and reads from the answer how far it came.
func (w Way) lookAtRequest(ctx context.Context) []Hop {
	if w.URL == "" || w.Client == nil {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL, nil)
	if err != nil {
		return []Hop{broken(HopAddress, "Correct url.", "%q cannot be asked: %v", w.URL, err)}
	}
	request.Host = w.Host
	NewTraceID().Propagate(request.Header)
	response, err := w.Client.Do(request)
	if err != nil {
		return []Hop{unanswered(w.URL, err)}
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return []Hop{unanswered(w.URL, err)}
	}
	answered := fine(HopAddress, "%s answers (%s)", request.URL.Host, response.Status)
	if response.StatusCode < http.StatusBadRequest {
		return []Hop{answered, fine(HopRoute, "the request is answered with %s", response.Status)}
	}
	return []Hop{answered, w.misrouted(ctx, response)}
}

func unanswered(address string, err error) Hop {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return broken(HopAddress, "Use the gateway's or ingress controller's address in url and the name in host, or add the name with lab_hosts_entries.",
			"%s does not resolve: %v", dns.Name, err)
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	if fault.Is(err, fault.Auth, fault.HostKey, fault.Denied) {
		return notLooked(HopAddress, err)
	}
	return broken(HopAddress, "Check lab_istio_gateway.load_balancer_address or lab_ingress_controller.addresses, and the pool (lab_metallb_pool) that it comes from.",
		"%s does not answer: %v", address, err)
}

// misrouted explains an error status. Envoy names itself in the answers that it makes itself
// (envoy: x-envoy-*, server: istio-envoy), and answers 404 for a host without a route, 503 for a route without a
// healthy upstream.
func (w Way) misrouted(ctx context.Context, response *http.Response) Hop {
	host := w.Host
	if host == "" {
		host = response.Request.URL.Hostname()
	}
	byEnvoy := strings.Contains(response.Header.Get("Server"), "envoy")
	switch {
	case response.StatusCode == http.StatusNotFound && byEnvoy:
		return broken(HopRoute, "Add the host to lab_istio_route.hosts, and let its gateway selector match lab_istio_gateway.", "the gateway has no route: %s", w.routesFor(ctx, host))
	case response.StatusCode == http.StatusNotFound:
		return broken(HopRoute, "Correct path or host of the check, or of lab_ingress / lab_istio_route.", "the answer for host %s is %s", host, response.Status)
	case response.StatusCode == http.StatusServiceUnavailable, response.StatusCode == http.StatusBadGateway, response.StatusCode == http.StatusGatewayTimeout:
		return broken(HopWorkloads, "Check the route's destinations and their pods (lab_sample_app.drift, kubectl get pods).", "the route leads to nothing that answers: %s", response.Status)
	}
	return broken(HopRoute, "Look at the application's log.", "the answer for host %s is %s", host, response.Status)
}

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
