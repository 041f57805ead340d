package relay

import (
	"net"
	"net/http"
	"strconv"
)

// tags are what Envoy and Istio write into spans (envoy: source/common/tracing/http_tracer_impl.cc, HttpTracerUtility;
// istio:pilot/pkg/networking/core/tracing.go@1.30.3, buildServiceTags).
func (r *Relay) tags(request *http.Request, p passage, out *recorder, flags string) map[string]string {
	self := r.Config().Proxy
	client, _, _ := net.SplitHostPort(request.RemoteAddr)
	if flags == "" {
		flags = "-"
	}
	tags := map[string]string{
		"component": "proxy", "node_id": self.NodeID, "guid:x-request-id": request.Header.Get(headerRequestID),
		"http.url": "http://" + request.Host + request.URL.RequestURI(), "http.method": request.Method, "http.protocol": request.Proto,
		"http.status_code": strconv.Itoa(out.code), "user_agent": request.UserAgent(), "peer.address": client, "response_flags": flags,
		"request_size": strconv.FormatInt(max(0, request.ContentLength), 10), "response_size": strconv.FormatInt(out.size, 10),
		"upstream_cluster": p.cluster, "upstream_cluster.name": p.cluster, "downstream_cluster": "-",
		"istio.canonical_service": self.CanonicalName, "istio.canonical_revision": self.CanonicalRevision, "istio.namespace": self.Namespace,
		"istio.mesh_id": self.MeshID, "istio.cluster_id": self.ClusterName,
	}
	if p.to != nil && len(p.endpoints) > 0 {
		tags["upstream_address"] = p.endpoints[0].Address
	}
	return tags
}
