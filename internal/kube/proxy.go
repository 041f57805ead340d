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
	// Header goes along, apart from what concerns the API server itself: credentials and impersonation. Host, when set, is
	// what the target is asked for.
	Header http.Header
	Host   string
}

// ProxyResponse is what the target answered. Redirects are not followed.
type ProxyResponse struct {
	Code   int
	Header http.Header
	// Body is at most 32 MiB; a longer one is an error.
	Body []byte
}

const maxProxyBody = 32 << 20

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
	response, body, err := c.fetch(ctx, to, fetchOptions{limit: maxProxyBody + 1, header: passedOn(o.Header), host: o.Host})
	if err != nil {
		return ProxyResponse{}, err
	}
	if len(body) > maxProxyBody {
		return ProxyResponse{}, fault.Newf(fault.Invalid, "the answer is larger than %d MiB", maxProxyBody>>20)
	}
	if status, ok := asStatusObject(body); ok && response.StatusCode >= 400 {
		return ProxyResponse{}, &apierrors.StatusError{ErrStatus: status} // the API server's own, not the target's
	}
	return ProxyResponse{Code: response.StatusCode, Header: response.Header, Body: body}, nil
}

// passedOn leaves out what the API server would take for itself: whom the request is from, and as whom it is made
// (kubernetes:staging/src/k8s.io/api/authentication/v1/types.go, Impersonate*).
func passedOn(header http.Header) http.Header {
	out := http.Header{}
	for name, values := range header {
		switch {
		case name == "Authorization", name == "Connection", name == "Upgrade", strings.HasPrefix(name, "Impersonate-"):
		default:
			out[name] = values
		}
	}
	return out
}

// fetchOptions say what of an answer is read at most, and what the request carries.
type fetchOptions struct {
	limit  int64
	header http.Header
	host   string
}

// fetch makes a GET request. A redirect is not followed: the transport would send this client's credentials along.
func (c *Client) fetch(ctx context.Context, from *url.URL, o fetchOptions) (*http.Response, []byte, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, err)
	}
	if o.header != nil {
		request.Header = o.header
	}
	request.Host = o.host
	client := &http.Client{Transport: c.http.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, o.limit))
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	return response, body, err
}
