package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// ProxyOptions say what to GET through the API server.
type ProxyOptions struct {
	// Ref is a Service or a Pod.
	Ref object.Ref
	// Port is its number or, of a Service, its name; empty means the only one.
	Port string
	// HTTPS speaks TLS to the target; its certificate is not verified (that is how the API server does it).
	HTTPS bool
	// Path begins with "/"; Query may be nil.
	Path  string
	Query url.Values
}

// ProxyResponse is what the target answered. Redirects are not followed.
type ProxyResponse struct {
	Code   int
	Header http.Header
	// Body is at most 8 MiB.
	Body []byte
}

const maxProxyBody = 8 << 20

// Proxy makes a GET request to a Service or a Pod through the API server. What the target answers, whatever its
// status, is a response; an error means that it was not reached: fault.Unreachable without ready endpoints,
// fault.NotFound without the service, fault.Denied without the right to services/proxy.
func (c *Client) Proxy(ctx context.Context, o ProxyOptions) (ProxyResponse, error) {
	answer, err := c.proxy(ctx, o)
	if err != nil {
		return ProxyResponse{}, fmt.Errorf("asking %s for %s: %w", o.Ref, o.Path, c.classify(err))
	}
	return answer, nil
}

func (c *Client) proxy(ctx context.Context, o ProxyOptions) (ProxyResponse, error) {
	kind, ok := map[string]string{"Service": "services", "Pod": "pods"}[o.Ref.Kind]
	if !ok || o.Ref.Namespace == "" || o.Ref.Name == "" {
		return ProxyResponse{}, fault.Newf(fault.Invalid, "only a Service or a Pod in a namespace can be asked")
	}
	name := o.Ref.Name
	if o.HTTPS {
		name = "https:" + name
	}
	if o.Port != "" || o.HTTPS {
		name += ":" + o.Port
	}
	to := c.base.JoinPath("api/v1/namespaces", o.Ref.Namespace, kind, name, "proxy")
	to.Path += "/" + strings.TrimPrefix(o.Path, "/")
	to.RawQuery = o.Query.Encode()
	response, body, err := c.fetch(ctx, to, maxProxyBody)
	if err != nil {
		return ProxyResponse{}, err
	}
	if status, ok := asStatusObject(body); ok && response.StatusCode >= 400 {
		return ProxyResponse{}, &apierrors.StatusError{ErrStatus: status} // the API server's own, not the target's
	}
	return ProxyResponse{Code: response.StatusCode, Header: response.Header, Body: body}, nil
}

// fetch makes a GET request and reads at most limit bytes of the answer. A redirect is not followed: the transport
// would send this client's credentials along.
func (c *Client) fetch(ctx context.Context, from *url.URL, limit int64) (*http.Response, []byte, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, err)
	}
	client := &http.Client{Transport: c.http.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit))
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	return response, body, err
}
