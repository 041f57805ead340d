package bound

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Answers remembers the answers to requests that read one object, "there is none" among them, until the object is
// written or everything is forgotten. Helm reads each object up to three times to change it once (pkg/kube/client.go,
// update, createPatch and updateResource). The zero value remembers nothing until it is told to.
type Answers struct {
	mu    sync.Mutex
	on    bool
	known map[string]answer
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// Remember forgets everything and begins to remember.
func (a *Answers) Remember() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.on, a.known = true, map[string]answer{}
}

// Forget forgets everything and remembers nothing more.
func (a *Answers) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.on, a.known = false, nil
}

// recall returns the remembered answer to a request, or nil. A request that writes takes what it writes out of memory.
func (a *Answers) recall(r *http.Request) *http.Response {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.on {
		return nil
	}
	if r.Method != http.MethodGet {
		for path := range a.known {
			if path == r.URL.Path || strings.HasPrefix(path, r.URL.Path+"/") || strings.HasPrefix(r.URL.Path, path+"/") {
				delete(a.known, path)
			}
		}
		return nil
	}
	known, ok := a.known[r.URL.Path]
	if !ok || !readsOne(r) {
		return nil
	}
	return known.response(r)
}

func (k answer) response(r *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(k.status), StatusCode: k.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: k.header.Clone(), Body: io.NopCloser(bytes.NewReader(k.body)), ContentLength: int64(len(k.body)), Request: r,
	}
}

// keep remembers an answer if it is one to remember, and returns it for reading.
func (a *Answers) keep(r *http.Request, response *http.Response) (*http.Response, error) {
	a.mu.Lock()
	on := a.on
	a.mu.Unlock()
	if !on || !readsOne(r) || response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNotFound {
		return response, nil
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	kept := answer{response.StatusCode, response.Header, text}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.on {
		a.known[r.URL.Path] = kept
	}
	return kept.response(r), nil
}

// readsOne reports whether a request reads one object or list without conditions, and no stream.
func readsOne(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.RawQuery == "" && r.Header.Get("Upgrade") == ""
}
