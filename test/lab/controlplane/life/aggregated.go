package life

import (
	"encoding/json"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// aggregated answers requests that the API server passes on for an APIService, and tells whether r is one: they alone carry the caller's
// name in a header. The group has one resource that can be looked at and nothing else, as those of a metrics adapter: any other answer than
// a list of resources, an empty one included, makes discovery fail (client-go discovery/cached/memory).
func aggregated(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("X-Remote-User") == "" {
		return false
	}
	group, version, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/apis/"), "/")
	if !strings.HasPrefix(r.URL.Path, "/apis/") || !ok || strings.Contains(version, "/") {
		http.NotFound(w, r)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: group + "/" + version,
		APIResources: []metav1.APIResource{{Name: "pods/stand-in", Namespaced: true, Kind: "MetricValueList", Verbs: metav1.Verbs{"get"}}},
	})
	return true
}
