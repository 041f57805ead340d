package hostscripttest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Releases serves files over HTTP, as a project's release does.
type Releases struct {
	URL string

	mu       sync.Mutex
	files    map[string][]byte
	requests []string
}

// NewReleases starts a server on loopback that ends with the test.
func NewReleases(t testing.TB) *Releases {
	t.Helper()
	return NewReleasesAt(t, "127.0.0.1")
}

// NewReleasesAt is NewReleases on another address of this machine.
func NewReleasesAt(t testing.TB, address string) *Releases {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	r := &Releases{files: map[string][]byte{}}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// Put serves content at a path and returns its SHA-256 sum.
func (r *Releases) Put(path, content string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[path] = []byte(content)
	return Sum(content)
}

// Requests returns the paths that were asked for since the last call.
func (r *Releases) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.requests
	r.requests = nil
	return taken
}

// ServeHTTP answers with what was put at the path.
func (r *Releases) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req.URL.Path)
	content, ok := r.files[req.URL.Path]
	if !ok {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(content)
}

// Sum is the SHA-256 sum of a text.
func Sum(content string) string {
	digest := sha256.Sum256([]byte(content))
	return hex.EncodeToString(digest[:])
}

// Archive is a tar.gz with these files, name and content in turn.
func Archive(t testing.TB, pairs ...string) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for i := 0; i < len(pairs); i += 2 {
		if err := archive.WriteHeader(&tar.Header{Name: pairs[i], Mode: 0o644, Size: int64(len(pairs[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
