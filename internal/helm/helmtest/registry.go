package helmtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Registry is an OCI registry on loopback that counts what is asked of it.
type Registry struct {
	// Repository is the address for charts: oci://127.0.0.1:port/charts.
	Repository string

	host     string
	mu       sync.Mutex
	requests map[string]int
	user     string
	password string
}

// NewRegistry serves charts until the test ends.
func NewRegistry(t testing.TB, charts ...Chart) *Registry {
	t.Helper()
	r := &Registry{requests: map[string]int{}}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if r.admit(w, request) {
			inner.ServeHTTP(w, request)
		}
	}))
	t.Cleanup(server.Close)
	r.host = server.URL
	r.Repository = "oci://" + strings.TrimPrefix(server.URL, "http://") + "/charts"
	for _, c := range charts {
		config, err := json.Marshal(c.build().Metadata)
		if err != nil {
			t.Fatal(err)
		}
		r.push(t, c.Name, c.Version, config, c.Archive(t))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.requests)
	return r
}

func (r *Registry) admit(w http.ResponseWriter, request *http.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[request.Method+" "+request.URL.Path]++
	user, password, _ := request.BasicAuth()
	if r.user != "" && (user != r.user || password != r.password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="charts"`)
		w.WriteHeader(http.StatusUnauthorized)
		return false
	}
	return true
}

// Protect wants a name and a password from now on.
func (r *Registry) Protect(user, password string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.user, r.password = user, password
}

// Requests returns how often each method and path was asked for, without the registry's own ping.
func (r *Registry) Requests() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]int{}
	for what, n := range r.requests {
		if what != "GET /v2/" {
			out[what] = n
		}
	}
	return out
}

// Push puts an archive under a tag, as `helm push` does, and returns its digest.
func (r *Registry) Push(t testing.TB, name, version string, archive []byte) string {
	t.Helper()
	r.push(t, name, version, fmt.Appendf(nil, `{"name":%q,"version":%q,"apiVersion":"v2"}`, name, version), archive)
	return Digest(archive)
}

func (r *Registry) push(t testing.TB, name, version string, config, archive []byte) {
	t.Helper()
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     "application/vnd.oci.image.manifest.v1+json",
		"config":        r.blob(t, name, "application/vnd.cncf.helm.config.v1+json", config),
		"layers":        []any{r.blob(t, name, "application/vnd.cncf.helm.chart.content.v1.tar+gzip", archive)},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/v2/charts/%s/manifests/%s", name, strings.ReplaceAll(version, "+", "_"))
	r.send(t, http.MethodPut, path, "application/vnd.oci.image.manifest.v1+json", manifest)
}

func (r *Registry) blob(t testing.TB, name, mediaType string, data []byte) map[string]any {
	t.Helper()
	sum := sha256.Sum256(data)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	r.send(t, http.MethodPost, fmt.Sprintf("/v2/charts/%s/blobs/uploads/?digest=%s", name, digest), "application/octet-stream", data)
	return map[string]any{"mediaType": mediaType, "digest": digest, "size": len(data)}
}

func (r *Registry) send(t testing.TB, method, path, mediaType string, data []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.host+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", mediaType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusCreated {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("%s %s: %s: %s", method, path, response.Status, body)
	}
}
