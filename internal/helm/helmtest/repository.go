package helmtest

import (
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Repository is a classic chart repository on loopback that counts what is asked of it.
type Repository struct {
	// URL is its address.
	URL string

	server   *httptest.Server
	mu       sync.Mutex
	files    map[string][]byte
	index    strings.Builder
	requests map[string]int
	fail     map[string][]int
	cut      map[string]int
	user     string
	password string
}

// NewRepository serves charts until the test ends.
func NewRepository(t testing.TB, charts ...Chart) *Repository {
	t.Helper()
	r := newRepository()
	r.server = httptest.NewServer(r)
	r.start(t, charts)
	return r
}

// NewTLSRepository serves charts with TLS; CA returns what to trust.
func NewTLSRepository(t testing.TB, charts ...Chart) *Repository {
	t.Helper()
	r := newRepository()
	r.server = httptest.NewTLSServer(r)
	r.start(t, charts)
	return r
}

func newRepository() *Repository {
	return &Repository{
		files: map[string][]byte{}, requests: map[string]int{}, fail: map[string][]int{}, cut: map[string]int{},
	}
}

func (r *Repository) start(t testing.TB, charts []Chart) {
	t.Helper()
	r.URL = r.server.URL
	t.Cleanup(r.server.Close)
	r.index.WriteString("apiVersion: v1\nentries:\n")
	last := ""
	for _, c := range charts {
		archive := c.Archive(t)
		if c.Name != last {
			fmt.Fprintf(&r.index, "  %s:\n", c.Name)
			last = c.Name
		}
		name := c.Name + "-" + c.Version + ".tgz"
		fmt.Fprintf(&r.index, "  - apiVersion: v2\n    name: %s\n    version: %s\n    appVersion: %q\n    kubeVersion: %q\n    deprecated: %t\n    digest: %s\n    urls:\n    - charts/%s\n",
			c.Name, c.Version, c.AppVersion, c.KubeVersion, c.Deprecated, strings.TrimPrefix(Digest(archive), "sha256:"), name)
		r.files["/charts/"+name] = archive
	}
	r.files["/index.yaml"] = []byte(r.index.String() + "generated: \"2026-01-01T00:00:00Z\"\n")
}

// CA is the certificate of a repository with TLS, as PEM.
func (r *Repository) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.server.Certificate().Raw})
}

// Protect wants a name and a password from now on.
func (r *Repository) Protect(user, password string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.user, r.password = user, password
}

// Put replaces a file, such as "/index.yaml".
func (r *Repository) Put(path string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[path] = data
}

// File returns a file that is served.
func (r *Repository) File(path string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files[path]
}

// Fail answers the next requests for a path with these statuses.
func (r *Repository) Fail(path string, statuses ...int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail[path] = statuses
}

// Cut breaks the next n downloads of a path off half-way.
func (r *Repository) Cut(path string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut[path] = n
}

// Requests returns how often each path was asked for.
func (r *Repository) Requests() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.requests)
}

// ServeHTTP serves a file, or does what the test wants to go wrong.
func (r *Repository) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	path := request.URL.Path
	r.requests[path]++
	data, found := r.files[path]
	status, cut := 0, false
	if left := r.fail[path]; len(left) > 0 {
		status, r.fail[path] = left[0], left[1:]
	} else if r.cut[path] > 0 {
		r.cut[path]--
		cut = true
	}
	user, password, _ := request.BasicAuth()
	denied := r.user != "" && (user != r.user || password != r.password)
	r.mu.Unlock()
	switch {
	case denied:
		w.WriteHeader(http.StatusUnauthorized)
	case status != 0:
		w.WriteHeader(status)
	case !found:
		w.WriteHeader(http.StatusNotFound)
	case cut:
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:len(data)/2])
	default:
		http.ServeContent(w, request, path, time.Time{}, strings.NewReader(string(data)))
	}
}
