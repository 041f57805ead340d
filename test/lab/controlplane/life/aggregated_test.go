package life

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAggregated(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		user, path string
		code       int // 0: not an aggregated request
		says       string
	}{
		"discovery":           {"system:serviceaccount:a:b", "/apis/custom.metrics.k8s.io/v1beta1", http.StatusOK, `"groupVersion":"custom.metrics.k8s.io/v1beta1","resources":[{"name":"pods/stand-in"`},
		"an object":           {"admin", "/apis/custom.metrics.k8s.io/v1beta1/namespaces/a/x", http.StatusNotFound, ""},
		"its description":     {"admin", "/openapi/v2", http.StatusNotFound, ""},
		"a page of a service": {"", "/apis/custom.metrics.k8s.io/v1beta1", 0, ""},
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.path, nil)
		if test.user != "" {
			request.Header.Set("X-Remote-User", test.user)
		}
		answer := httptest.NewRecorder()
		if taken := aggregated(answer, request); taken != (test.code != 0) {
			t.Errorf("%s: taken %v", name, taken)
		}
		if test.code != 0 && (answer.Code != test.code || !strings.Contains(answer.Body.String(), test.says)) {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
}
