package bookinfo

import (
	"net/http"
	"slices"
)

// handedOn are the headers that every service copies from a request to those that it makes for it (the lists of
// productpage.py, details.rb and LibertyRestEndpoint.java, which are meant to be the same).
var handedOn = []string{
	"X-Request-Id", "X-Ot-Span-Context", "X-Datadog-Trace-Id", "X-Datadog-Parent-Id", "X-Datadog-Sampling-Priority",
	"Traceparent", "Tracestate", "X-Cloud-Trace-Context", "Grpc-Trace-Bin", "Sw8", "User-Agent", "Cookie", "Authorization", "Jwt",
}

// handedOnB3 are copied by reviews alone: the page goes through a propagator for them.
var handedOnB3 = []string{"X-B3-Traceid", "X-B3-Spanid", "X-B3-Parentspanid", "X-B3-Sampled", "X-B3-Flags", "End-User"}

func forwarded(r *http.Request, names ...string) http.Header {
	headers := http.Header{}
	for _, name := range names {
		if values := r.Header.Values(name); len(values) > 0 {
			headers[name] = slices.Clone(values)
		}
	}
	if headers.Get("User-Agent") == "" {
		headers.Set("User-Agent", "bookinfo-stand-in")
	}
	return headers
}

// b3 is what the page's propagator makes of a request's B3 headers: trace, span and the decision about sampling, of which there is one
// always; without a trace it is nothing (opentelemetry-python:propagator/opentelemetry-propagator-b3/src/opentelemetry/propagators/b3).
func b3(r *http.Request) http.Header {
	trace, span := r.Header.Get("X-B3-Traceid"), r.Header.Get("X-B3-Spanid")
	if trace == "" || span == "" {
		return nil
	}
	sampled := "0"
	if slices.Contains([]string{"1", "True", "true", "d"}, r.Header.Get("X-B3-Sampled")) || r.Header.Get("X-B3-Flags") == "1" {
		sampled = "1"
	}
	headers := http.Header{}
	headers.Set("X-B3-Traceid", trace)
	headers.Set("X-B3-Spanid", span)
	headers.Set("X-B3-Sampled", sampled)
	return headers
}
