package relay

import (
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/route"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/stats"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/trace"
)

// Names in the header "server" (istio:pilot/pkg/networking/core/listener.go, EnvoyServerName; Envoy's own for what leaves a sidecar).
const (
	istioEnvoy = "istio-envoy"
	envoy      = "envoy"
)

// outboundHTTP passes on a request of the workload.
func (r *Relay) outboundHTTP(w http.ResponseWriter, request *http.Request) {
	c := connectionOf(request.Context())
	self := r.Config().Proxy
	p := passage{
		server: envoy, from: &self, reporter: stats.Source, tracing: r.Config().Client, kind: trace.Client, transport: r.others, announce: true,
	}
	host := route.Host(r.listenerAt(int(c.to.Port())), request.Host)
	if host == nil {
		// Istio's default lets requests pass to hosts that it does not know (istio:pkg/config/mesh, OutboundTrafficPolicy ALLOW_ANY).
		p.cluster, p.service, p.operation = passthrough.Name, passthrough, passthrough.Name
		p.service.Host = bare(request.Host)
		p.endpoints = []config.Endpoint{{Address: c.to.String()}}
		r.pass(w, request, p)
		return
	}
	r.routed(w, request, host, p)
}

// GatewayHTTP passes on a request that came to a port of a gateway.
func (r *Relay) gatewayHTTP(port int) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		self := r.Config().Proxy
		peerOf(request.Header)
		forwarded(request)
		p := passage{
			server: istioEnvoy, from: &self, reporter: stats.Source, tracing: r.Config().Client, kind: trace.Client, transport: r.others, announce: true,
		}
		host := route.Host(r.listenerAt(port), request.Host)
		if host == nil {
			p.operation = "" // Envoy names a span without a route by its operation, which is empty
			p.answer = notFound
			r.pass(w, request, p)
			return
		}
		r.routed(w, request, host, p)
	}
}

// routed finds the route of a virtual host that a request takes.
func (r *Relay) routed(w http.ResponseWriter, request *http.Request, host *config.VirtualHost, p passage) {
	chosen, found := route.Find(host, request)
	switch {
	case host.RedirectToHTTPS:
		p.answer = moved("https://"+bare(request.Host)+request.URL.RequestURI(), http.StatusMovedPermanently)
	case !found:
		p.answer = notFound
	case chosen.Redirect != nil:
		p.operation, p.answer = chosen.Operation, redirected(request, *chosen.Redirect)
	default:
		p.operation, p.path, p.timeout = chosen.Operation, chosen.Path, chosen.Timeout
		p.cluster = route.Pick(chosen.Clusters)
		cluster, known := r.Config().Clusters[p.cluster]
		p.service, p.endpoints = cluster.Service, r.balancer.Next(p.cluster, cluster)
		switch {
		case !known:
			p.answer = noCluster
		case len(p.endpoints) == 0:
			p.answer = noHealthyUpstream
		}
	}
	r.pass(w, request, p)
}

// inboundHTTP passes a request to the workload.
func (r *Relay) inboundHTTP(w http.ResponseWriter, request *http.Request) {
	c := connectionOf(request.Context())
	port := int(c.to.Port())
	self, inbound := r.Config().Proxy, r.inboundAt(port)
	p := passage{
		server: istioEnvoy, from: peerOf(request.Header), to: &self, reporter: stats.Destination, tracing: r.Config().Server, kind: trace.Server,
		transport: r.own, cluster: inboundName(port), service: inbound.Service, endpoints: []config.Endpoint{{Address: c.to.String()}},
		operation: inbound.Service.Host + ":" + strconv.Itoa(port) + "/*",
		// Injection leads the kubelet's probes round the proxy (istio:pkg/kube/inject/app_probe.go); here they come through it, untold.
		silent: strings.HasPrefix(request.UserAgent(), "kube-probe/"),
	}
	if inbound.Service.Host == "" {
		p.operation, p.service.Host = inbound.Service.Name, bare(request.Host)
	}
	r.pass(w, request, p)
}

// forwarded tells the workload who asks, as a gateway without trusted proxies before it does.
func forwarded(request *http.Request) {
	client, _, _ := net.SplitHostPort(request.RemoteAddr)
	if before := request.Header.Get("X-Forwarded-For"); before != "" {
		client = before + "," + client
	}
	request.Header.Set("X-Forwarded-For", client)
	request.Header.Set("X-Forwarded-Proto", "http")
}

// bare is an authority without its port.
func bare(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return authority
}
