package relay

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// answer is what a proxy says of its own, in Envoy's words; it returns Envoy's flags for it (envoy: docs/root/configuration/observability/
// access_log/usage.rst, RESPONSE_FLAGS).
type answer func(http.ResponseWriter) string

func local(code int, flags, text string) answer {
	return func(w http.ResponseWriter) string {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
		return flags
	}
}

func notFound(w http.ResponseWriter) string {
	w.WriteHeader(http.StatusNotFound)
	return "NR"
}

// noCluster is the answer when a route leads to a service, or a port of one, that does not exist.
func noCluster(w http.ResponseWriter) string {
	w.WriteHeader(http.StatusServiceUnavailable)
	return "NC"
}

func noHealthyUpstream(w http.ResponseWriter) string {
	return local(http.StatusServiceUnavailable, "UH", "no healthy upstream")(w)
}

func moved(location string, code int) answer {
	return func(w http.ResponseWriter) string {
		w.Header().Set("Location", location)
		w.WriteHeader(code)
		return ""
	}
}

func redirected(request *http.Request, to config.Redirect) answer {
	location, code := "http://"+request.Host, to.Code
	if to.Authority != "" {
		location = "http://" + to.Authority
	}
	if code == 0 {
		code = http.StatusMovedPermanently
	}
	if to.URI != "" {
		return moved(location+to.URI, code)
	}
	return moved(location+request.URL.RequestURI(), code)
}

// failure is the answer to a request that could not be passed on; gone says that the client waits no more.
func failure(gone bool, err error) answer {
	const broken = "upstream connect error or disconnect/reset before headers. reset reason: "
	switch {
	case gone:
		return func(w http.ResponseWriter) string {
			w.WriteHeader(499) // nobody hears it; Envoy counts 0
			return "DC"
		}
	case errors.Is(err, context.DeadlineExceeded):
		return local(http.StatusGatewayTimeout, "UT", "upstream request timeout")
	case unconnected(err):
		return local(http.StatusServiceUnavailable, "UF", broken+"remote connection failure, transport failure reason: "+err.Error())
	}
	return local(http.StatusServiceUnavailable, "UC", broken+"connection termination")
}
