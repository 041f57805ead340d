package bound_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/dxlab/terraform-provider-lab/internal/kube/bound"
)

// shared is a getter for one address.
type shared struct{ url string }

func (s shared) ToRESTConfig() (*rest.Config, error) { return &rest.Config{Host: s.url}, nil }
func (shared) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return nil, errors.New("not asked for")
}

func (shared) ToRESTMapper() (meta.RESTMapper, error)        { return nil, errors.New("not asked for") }
func (shared) ToRawKubeConfigLoader() clientcmd.ClientConfig { return nil }

var _ genericclioptions.RESTClientGetter = shared{}

// server counts requests; /slow answers when the test is over or the client has gone.
func server(t *testing.T) (url string, count func() int64) {
	t.Helper()
	var n atomic.Int64
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		switch {
		case strings.HasPrefix(r.URL.Path, "/slow"):
			_, _ = io.WriteString(w, "begin")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-over:
			}
		case strings.HasSuffix(r.URL.Path, "/missing"):
			w.WriteHeader(http.StatusNotFound)
		case strings.HasSuffix(r.URL.Path, "/broken"):
			w.WriteHeader(http.StatusInternalServerError)
		default:
			_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
		}
	}))
	t.Cleanup(func() { close(over); s.Close() })
	return s.URL, n.Load
}

func client(t *testing.T, g *bound.Getter) *http.Client {
	t.Helper()
	config, err := g.ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	c, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func send(t *testing.T, c *http.Client, method, url string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

func TestGetter_RequestsEndWithTheContext(t *testing.T) {
	t.Parallel()
	url, count := server(t)
	ctx, cancel := context.WithCancel(t.Context())
	c := client(t, bound.New(ctx, shared{url}))
	if text, err := send(t, c, http.MethodGet, url+"/a"); err != nil || text != "GET /a" {
		t.Fatalf("%q, %v", text, err)
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := send(t, c, http.MethodGet, url+"/slow"); !errors.Is(err, context.Canceled) {
		t.Errorf("under way: %v", err)
	}
	before := count()
	if _, err := send(t, c, http.MethodGet, url+"/a"); !errors.Is(err, context.Canceled) {
		t.Errorf("afterwards: %v", err)
	}
	if count() != before {
		t.Error("a request was sent after the end")
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		requests []string
		want     int64
	}{
		"the same object twice":              {[]string{"GET /ns/a", "GET /ns/a"}, 1},
		"what is missing is remembered":      {[]string{"GET /ns/missing", "GET /ns/missing"}, 1},
		"what is broken is asked again":      {[]string{"GET /ns/broken", "GET /ns/broken"}, 2},
		"a query is asked again":             {[]string{"GET /ns/a?watch=true", "GET /ns/a?watch=true"}, 2},
		"a change makes it new":              {[]string{"GET /ns/a", "PATCH /ns/a", "GET /ns/a"}, 3},
		"a change of the status, too":        {[]string{"GET /ns/a", "PUT /ns/a/status", "GET /ns/a"}, 3},
		"creation makes all of a kind new":   {[]string{"GET /ns/missing", "POST /ns", "GET /ns/missing"}, 3},
		"changes elsewhere leave it":         {[]string{"GET /ns/a", "DELETE /ns/b", "GET /ns/a"}, 2},
		"a name that begins alike leaves it": {[]string{"GET /ns/ab", "DELETE /ns/a", "GET /ns/ab"}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, count := server(t)
			g := bound.New(t.Context(), shared{url})
			http := client(t, g)
			run := func() int64 {
				before := count()
				for _, r := range c.requests {
					method, path, _ := strings.Cut(r, " ")
					text, err := send(t, http, method, url+path)
					plain, _, _ := strings.Cut(path, "?")
					if err != nil || text != "" && text != method+" "+plain {
						t.Errorf("%s: %q, %v", r, text, err)
					}
				}
				return count() - before
			}
			if got := run(); got != int64(len(c.requests)) {
				t.Errorf("%d requests before it was told to remember", got)
			}
			g.Answers.Remember()
			if got := run(); got != c.want {
				t.Errorf("%d requests, want %d", got, c.want)
			}
			g.Answers.Forget()
			if got := run(); got != int64(len(c.requests)) {
				t.Errorf("%d requests after it was told to forget", got)
			}
		})
	}
}
