package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// ServiceTransport is an [http.RoundTripper] for the names that services have inside the cluster: http://tempo.tempo:3200,
// http://kiali.istio-system.svc:20001. A request goes through a forwarded port; where the API server does not allow that,
// a GET goes through its service proxy. Forwarded ports stay open until Close, and one that broke is opened again.
type ServiceTransport struct {
	client *Client
	http   *http.Transport

	mu       sync.Mutex
	forwards map[string]*reopened
}

// maxIdle is how many connections through one forwarded port wait for another request; each is a pair of streams.
const maxIdle = 16

// Services returns the transport to the cluster's services, which ends with the client. It does not dial.
func (c *Client) Services() *ServiceTransport { return c.services }

func newServiceTransport(c *Client) *ServiceTransport {
	t := &ServiceTransport{client: c, forwards: map[string]*reopened{}}
	t.http = &http.Transport{DialContext: t.dial, MaxIdleConnsPerHost: maxIdle}
	return t
}

// Close ends the forwarded ports.
func (t *ServiceTransport) Close() error {
	t.http.CloseIdleConnections()
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for address, f := range t.forwards {
		errs = append(errs, f.Close())
		delete(t.forwards, address)
	}
	return errors.Join(errs...)
}

// RoundTrip implements [http.RoundTripper]. Errors have the kinds of [Client.PortForward] and [Client.Proxy]; one that
// says which rights are missing is fault.Denied.
func (t *ServiceTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.http.RoundTrip(request)
	if !fault.Is(err, fault.Denied) || request.Method != http.MethodGet {
		return response, err
	}
	ref, port, refErr := serviceAt(hostPort(request))
	if refErr != nil {
		return nil, refErr
	}
	proxied, proxyErr := t.proxied(request, ref, port)
	if fault.Is(proxyErr, fault.Denied) {
		return nil, fault.Newf(fault.Denied, "in namespace %s neither create on pods/portforward (with get on services and list on endpointslices) nor get on services/proxy is allowed: %w; %w",
			ref.Namespace, err, proxyErr)
	}
	return proxied, proxyErr
}

func (t *ServiceTransport) dial(ctx context.Context, network, address string) (net.Conn, error) {
	f, err := t.forward(address)
	if err != nil {
		return nil, err
	}
	return f.dial(ctx, network)
}

// forward returns the forwarding that leads to an address.
func (t *ServiceTransport) forward(address string) (*reopened, error) {
	ref, port, err := serviceAt(address)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.forwards[address]
	if f == nil {
		f = &reopened{client: t.client, options: ForwardOptions{Ref: ref, Port: port}}
		t.forwards[address] = f
	}
	return f, nil
}

func (t *ServiceTransport) proxied(request *http.Request, ref object.Ref, port string) (*http.Response, error) {
	options := ProxyOptions{
		Ref: ref, Port: port, HTTPS: request.URL.Scheme == "https", Path: request.URL.Path, Query: request.URL.Query(), Header: request.Header,
	}
	if request.Host != request.URL.Host {
		options.Host = request.Host
	}
	answer, err := t.client.Proxy(request.Context(), options)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.Code, http.StatusText(answer.Code)), StatusCode: answer.Code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answer.Body)), ContentLength: int64(len(answer.Body)), Request: request,
	}, nil
}

// hostPort is the address of a request with its port written out.
func hostPort(request *http.Request) string {
	if request.URL.Port() != "" {
		return request.URL.Host
	}
	if request.URL.Scheme == "https" {
		return net.JoinHostPort(request.URL.Hostname(), "443")
	}
	return net.JoinHostPort(request.URL.Hostname(), "80")
}

// serviceAt reads "name.namespace:port", with or without ".svc" and the cluster's domain behind it.
func serviceAt(address string) (object.Ref, string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return object.Ref{}, "", fault.Newf(fault.Invalid, "%q is no address of a service: %w", address, err)
	}
	parts := strings.Split(host, ".")
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" || (len(parts) > 2 && parts[2] != "svc") || net.ParseIP(host) != nil {
		return object.Ref{}, "", fault.Newf(fault.Invalid, "%q is no name of a service; it should read like tempo.monitoring or tempo.monitoring.svc", host)
	}
	return object.Ref{APIVersion: "v1", Kind: "Service", Namespace: parts[1], Name: parts[0]}, port, nil
}
