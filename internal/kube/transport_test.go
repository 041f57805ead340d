package kube

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"k8s.io/klog/v2"
)

func TestVerbOf(t *testing.T) {
	t.Parallel()
	c := newCounter("/k8s/clusters/c-1", slog.New(slog.DiscardHandler))
	cases := map[string]string{
		"GET /api":            "discovery",
		"GET /apis/apps/v1":   "discovery",
		"GET /version":        "discovery",
		"GET /api/v1/nodes":   "list",
		"GET /api/v1/nodes/a": "get",
		"GET /apis/apps/v1/namespaces/demo/deployments":           "list",
		"GET /apis/apps/v1/namespaces/demo/deployments/web":       "get",
		"GET /apis/apps/v1/namespaces/demo/deployments/web/scale": "get",
		"GET /api/v1/namespaces/demo":                             "get",
		"GET /api/v1/namespaces":                                  "list",
		"GET /api/v1/pods?watch=true":                             "watch",
		"POST /api/v1/namespaces":                                 "create",
		"PUT /api/v1/nodes/a":                                     "update",
		"DELETE /api/v1/nodes/a":                                  "delete",
		"GET /api/v1/namespaces/demo/pods/web/log":                "connect",
		"POST /api/v1/namespaces/demo/pods/web/portforward":       "connect",
		"GET /api/v1/namespaces/demo/services/web/proxy/status":   "connect",
		"GET /k8s/clusters/c-1/api/v1/nodes":                      "list",
	}
	for request, want := range cases {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			method, url, _ := strings.Cut(request, " ")
			r, err := http.NewRequestWithContext(t.Context(), method, "https://h"+url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.verbOf(r); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// locked is a buffer for several writers.
type locked struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

// What client-go prints goes to the newest client's logger. Other tests make clients at the same time, so it is
// made the newest until a line has arrived.
func TestRouteKlog(t *testing.T) {
	t.Parallel()
	out := &locked{}
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for range 1000 {
		routeKlog(log)
		klog.Background().WithValues("group", "example.com").Info("discovery failed")
		if strings.Contains(out.String(), "discovery failed") {
			break
		}
	}
	if got := out.String(); !strings.Contains(got, `level=DEBUG msg="client-go: discovery failed" group=example.com`) {
		t.Errorf("logged %q", got)
	}
	routeKlog(slog.New(slog.DiscardHandler))
}
