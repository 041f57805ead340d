package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// lookAtRequest sends the request once more and reads from the answer how far it came.
func (w Way) lookAtRequest(ctx context.Context) []Hop {
	if w.URL == "" || w.Client == nil {
		return nil
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		return []Hop{broken(HopAddress, "Correct lab_trace_check.url.", "it is no URL: %v", err)}
	}
	answer, err := Ask(ctx, w.Client, NewTraceID(), TrafficOptions{URL: w.URL, Host: w.Host, Headers: w.Headers, Timeout: w.Timeout})
	if err != nil {
		return []Hop{unanswered(u.Redacted(), err)}
	}
	answered := fine(HopAddress, "%s answers (%s)", u.Host, statusLine(answer.Status))
	if answer.Status < http.StatusMultipleChoices {
		return []Hop{answered, fine(HopRoute, "the request is answered with %s", statusLine(answer.Status))}
	}
	hop := w.misrouted(ctx, answer, u)
	if hop.Name == HopWorkloads {
		// The gateway only says that nobody answers; the pods say why.
		if pods := w.lookAtWorkloads(ctx); len(pods) > 0 && pods[0].State == HopBroken {
			pods[0].Evidence += "; " + hop.Evidence
			return []Hop{answered, pods[0]}
		}
	}
	return []Hop{answered, hop}
}

func unanswered(address string, err error) Hop {
	const checkAddress = "Check lab_istio_gateway.load_balancer_address or lab_ingress_controller.addresses, and the pool (lab_metallb_pool.addresses) that it comes from."
	var dns *net.DNSError
	kind, cause := kindOfFailure(err), bare(err)
	switch {
	case errors.As(err, &dns):
		return broken(HopAddress, "Use the gateway's or ingress controller's address in lab_trace_check.url and the name in lab_trace_check.host, or add the name with lab_hosts_entries.",
			"%s does not resolve: %v", dns.Name, cause)
	case kind == ErrDenied:
		return notLooked(HopAddress, cause)
	case kind == ErrTLS:
		return broken(HopAddress, "Give the certificate's name as lab_trace_check.host, or ask for http.", "%s answers, but not with a certificate that is trusted here: %v", address, cause)
	case kind == ErrTimeout:
		return broken(HopAddress, checkAddress+" A slow application wants a longer lab_trace_check.request_timeout.", "%s does not answer in time: %v", address, cause)
	}
	return broken(HopAddress, checkAddress, "%s does not answer: %s: %v", address, kind, cause)
}

// misrouted explains an error status or a redirect. Envoy names itself in the answers that it makes itself
// (envoy: x-envoy-*, server: istio-envoy), and answers 404 for a host without a route, 503 for a route without a
// healthy upstream.
func (w Way) misrouted(ctx context.Context, answer Answer, u *url.URL) Hop {
	host := w.Host
	if host == "" {
		host = u.Hostname()
	}
	status := statusLine(answer.Status)
	byEnvoy := strings.Contains(answer.Server, "envoy")
	switch answer.Status {
	case http.StatusNotFound:
		if byEnvoy {
			return broken(HopRoute, "Add the host to lab_istio_route.hosts, and let its gateway selector match lab_istio_gateway.name.", "the gateway has no route: %s", w.routesFor(ctx, host))
		}
		return broken(HopRoute, "Correct lab_trace_check.url or lab_trace_check.host, or those of lab_ingress / lab_istio_route.", "the answer for host %s is %s", host, status)
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return broken(HopWorkloads, "Check the route's destinations and their pods (lab_sample_app.drift, kubectl get pods).", "the route leads to nothing that answers: %s", status)
	}
	if answer.Location != "" {
		return suspect(HopRoute, "Ask for the address that it leads to in lab_trace_check.url.", "the answer for host %s is %s and leads to %s; redirects are not followed", host, status, withoutPassword(answer.Location))
	}
	return broken(HopRoute, "Look at the application's log.", "the answer for host %s is %s", host, status)
}

// statusLine is a status as a message writes it: "503 Service Unavailable".
func statusLine(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}
