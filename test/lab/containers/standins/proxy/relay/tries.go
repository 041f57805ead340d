package relay

import (
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// attempts is one more than Istio's default of retries (istio:pilot/pkg/networking/core/route/retry/retry.go, defaultRetryPolicy).
const attempts = 3

// tries sends one request to an endpoint, and to others while no connection comes about, when nothing has been sent yet.
type tries struct {
	endpoints []config.Endpoint
	transport *http.Transport
	used      *config.Endpoint
}

// RoundTrip implements http.RoundTripper.
func (t *tries) RoundTrip(request *http.Request) (*http.Response, error) {
	var err error
	for n := range min(attempts, len(t.endpoints)) {
		t.used = &t.endpoints[n]
		try := request.Clone(request.Context())
		try.URL.Host = t.used.Address
		if request.Body != nil {
			try.Body = io.NopCloser(request.Body) // a failed try must leave it to the next
		}
		var response *http.Response
		if response, err = t.transport.RoundTrip(try); err == nil || !unconnected(err) {
			return response, err
		}
	}
	return nil, err
}

// unconnected tells whether no connection came about.
func unconnected(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial"
}
