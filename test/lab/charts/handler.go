package charts

import (
	"crypto/subtle"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// Handler serves
//
//	/charts/index.yaml, /charts/<chart>-<version>.tgz   the classic repository, http://host/charts
//	/v2/charts/<chart>/...                              the registry, oci://host/charts, read-only
//	/stats, /charts/stats                               the counters, see [Stats]; DELETE sets them to zero
//	/faults, /charts/faults                             the faults, see [Fault]; PUT a list, DELETE takes them away
//
// Counters and faults ask for no password.
func (r *Repository) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/stats", r.serveStats)
	mux.HandleFunc("/faults", r.serveFaults)
	mux.HandleFunc("/"+Prefix+"/stats", r.serveStats)
	mux.HandleFunc("/"+Prefix+"/faults", r.serveFaults)
	mux.Handle("/"+Prefix+"/", r.guarded(http.HandlerFunc(r.serveClassic)))
	mux.Handle("/v2/", r.guarded(r.registry))
	return mux
}

func (r *Repository) serveClassic(w http.ResponseWriter, req *http.Request) {
	name := strings.TrimPrefix(req.URL.Path, "/"+Prefix+"/")
	if name == "index.yaml" {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(r.index)
		return
	}
	for _, a := range r.archives {
		if a.file() == name {
			w.Header().Set("Content-Type", "application/gzip")
			_, _ = w.Write(a.content)
			return
		}
	}
	http.NotFound(w, req)
}

// guarded asks for the password, lets next answer, and gives the answer as the faults in force want it.
func (r *Repository) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		a := r.asked(req)
		line := Request{Method: req.Method, Path: req.URL.Path}
		if line.Status = r.refusal(req); line.Status != 0 {
			r.count(a, line, 0)
			w.Header().Set("WWW-Authenticate", `Basic realm="charts of the test lab"`)
			http.Error(w, http.StatusText(line.Status), line.Status)
			return
		}
		answer := newRecorded()
		next.ServeHTTP(answer, req)
		fault, spoiled := r.hit(a)
		line.Status, line.Fault = answer.status, string(fault.Kind)
		r.count(a, line, answer.body.Len())
		if spoiled {
			fault.spoil(w, req, answer)
			return
		}
		deliver(w, answer)
	})
}

// refusal is the status for requests that are not answered: without the password, or to change something.
func (r *Repository) refusal(req *http.Request) int {
	if r.options.Username != "" || r.options.Password != "" {
		username, password, _ := req.BasicAuth()
		right := subtle.ConstantTimeCompare([]byte(username), []byte(r.options.Username)) &
			subtle.ConstantTimeCompare([]byte(password), []byte(r.options.Password))
		if right == 0 {
			return http.StatusUnauthorized
		}
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return http.StatusMethodNotAllowed
	}
	return 0
}

func deliver(w http.ResponseWriter, answer *recorded) {
	answer.send(w)
	_, _ = w.Write(answer.body.Bytes())
}

// send writes the head of an answer, with the length of the whole body.
func (r *recorded) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	if r.body.Len() > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(r.body.Len()))
	}
	w.WriteHeader(r.status)
}

// asked is what a request is about.
type asked struct {
	target         Target
	chart, version string
}

// asked reads the request's path, in either kind of repository.
func (r *Repository) asked(req *http.Request) asked {
	if name, ok := strings.CutPrefix(req.URL.Path, "/"+Prefix+"/"); ok {
		if name == "index.yaml" {
			return asked{target: Index}
		}
		for _, a := range r.archives {
			if a.file() == name {
				return asked{Archive, a.name, a.version}
			}
		}
		return asked{}
	}
	return r.askedOfRegistry(req.URL.Path)
}

// askedOfRegistry reads /v2/charts/<chart>/{blobs,manifests,tags}/<reference>.
func (r *Repository) askedOfRegistry(path string) asked {
	path, ok := strings.CutPrefix(path, "/v2/"+Prefix+"/")
	parts := strings.Split(path, "/")
	if !ok || len(parts) != 3 {
		return asked{}
	}
	chart, kind, reference := parts[0], parts[1], parts[2]
	if kind == "blobs" {
		if a, ok := r.layers[reference]; ok {
			return asked{Archive, a.name, a.version}
		}
		return asked{chart: chart}
	}
	for _, a := range r.archives {
		if kind == "manifests" && a.name == chart && tagOf(a.version) == reference {
			return asked{Index, chart, a.version}
		}
	}
	return asked{target: Index, chart: chart}
}
