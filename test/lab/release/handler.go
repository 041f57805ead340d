package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// NewHandler returns a handler that serves new releases; see Releases.Handler.
func NewHandler(o Options) (http.Handler, error) {
	r, err := New(o)
	if err != nil {
		return nil, err
	}
	return r.Handler(), nil
}

// Handler serves
//
//	/releases/download/<version>/<artifact>  the artifacts; + in the version is %2B
//	/releases/tag/<version>                  where channels lead to
//	/channels/<name>                         a redirect to the channel's release
//	/channels, /v1-release/channels          the channels as JSON, like update.rke2.io
//	/install.sh                              an installer that takes its release from here
//	/faults                                  the faults, as JSON
//
// below any prefix that http.StripPrefix takes away.
func (r *Releases) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /releases/download/{version}/{artifact}", r.serveArtifact)
	mux.HandleFunc("GET /releases/tag/{version}", r.serveTag)
	mux.HandleFunc("GET /channels/{name}", r.serveChannel)
	mux.HandleFunc("GET /v1-release/channels/{name}", r.serveChannel)
	mux.HandleFunc("GET /channels", r.serveChannels)
	mux.HandleFunc("GET /v1-release/channels", r.serveChannels)
	mux.HandleFunc("GET /install.sh", r.serveInstaller)
	mux.HandleFunc("/faults", r.serveFaults)
	return mux
}

// base returns the URL of the handler as the caller sees it, given the path that the handler itself sees.
func base(req *http.Request, path string) string {
	sent, _, _ := strings.Cut(req.RequestURI, "?")
	return "http://" + req.Host + strings.TrimSuffix(sent, path)
}

func (r *Releases) serveTag(w http.ResponseWriter, req *http.Request) {
	if !slices.Contains(r.versions, req.PathValue("version")) {
		http.NotFound(w, req)
		return
	}
	_, _ = io.WriteString(w, "release "+req.PathValue("version")+"\n")
}

func (r *Releases) serveChannel(w http.ResponseWriter, req *http.Request) {
	version, ok := r.channels[req.PathValue("name")]
	if !ok {
		http.NotFound(w, req)
		return
	}
	// http.Redirect would resolve a relative path against what the handler sees, without the prefix
	w.Header().Set("Location", base(req, req.URL.Path)+"/releases/tag/"+version)
	w.WriteHeader(http.StatusFound)
}

func (r *Releases) serveChannels(w http.ResponseWriter, req *http.Request) {
	self := base(req, req.URL.Path) + "/channels"
	data := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(r.channels)) {
		data = append(data, map[string]any{
			"id": name, "type": "channel", "name": name, "latest": r.channels[name], "links": map[string]string{"self": self + "/" + name},
		})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "collection", "resourceType": "channels", "links": map[string]string{"self": self}, "actions": map[string]any{}, "data": data,
	})
}

func (r *Releases) serveInstaller(w http.ResponseWriter, req *http.Request) {
	script, err := Installer(base(req, "/install.sh"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/x-shellscript")
	_, _ = w.Write(script)
}

// Installer returns the installer's text. base is the URL below which it finds channels and releases unless its environment says
// otherwise.
func Installer(base string) ([]byte, error) {
	content, err := bundleFiles.ReadFile("bundle/install.sh.tmpl")
	if err != nil {
		return nil, err
	}
	t, err := template.New("install.sh").Parse(string(content))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, struct{ Base string }{base})
	return b.Bytes(), err
}

func (r *Releases) serveArtifact(w http.ResponseWriter, req *http.Request) {
	version, artifact := req.PathValue("version"), req.PathValue("artifact")
	path, err := r.Artifact(req.Context(), version, artifact)
	if errors.Is(err, ErrNoRelease) {
		http.NotFound(w, req)
		return
	}
	if err != nil {
		r.logger.ErrorContext(req.Context(), "serving a release", "artifact", artifact, "error", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		http.NotFound(w, req)
		return
	}
	if artifact == Sums() {
		content = r.falsify(version, content)
	}
	if req.Method == http.MethodGet {
		if f, ok := r.hit(version, artifact, Missing, Broken, Cut, Slow, Hang); ok {
			f.serve(w, req, content)
			return
		}
	}
	http.ServeContent(w, req, filepath.Base(path), bundleTime(), bytes.NewReader(content))
}

// falsify applies the faults that concern sums.
func (r *Releases) falsify(version string, sums []byte) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if _, gone := r.hit(version, name, NoSum); gone {
			continue
		}
		if _, wrong := r.hit(version, name, WrongSum); wrong {
			line = strings.Repeat("0", len(sum)) + "  " + name + "\n"
		}
		out.WriteString(line)
	}
	return out.Bytes()
}

// slice is how often Slow sends a piece.
const slice = 50 * time.Millisecond

// serve answers a request as the fault wants it.
func (f Fault) serve(w http.ResponseWriter, req *http.Request, content []byte) {
	switch f.Kind {
	case Missing:
		http.NotFound(w, req)
	case Broken:
		http.Error(w, "the server is out of order", http.StatusServiceUnavailable)
	case Cut:
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content[:len(content)/2])
		panic(http.ErrAbortHandler)
	case Hang:
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_ = http.NewResponseController(w).Flush()
		<-req.Context().Done()
	case Slow:
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		f.trickle(w, req, content)
	case WrongSum, NoSum:
	}
}

func (f Fault) trickle(w http.ResponseWriter, req *http.Request, content []byte) {
	rate := f.Rate
	if rate == 0 {
		rate = 64 << 10
	}
	piece := max(1, rate*int(slice/time.Millisecond)/1000)
	tick := time.NewTicker(slice)
	defer tick.Stop()
	for len(content) > 0 {
		n := min(piece, len(content))
		if _, err := w.Write(content[:n]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		content = content[n:]
		select {
		case <-req.Context().Done():
			return
		case <-tick.C:
		}
	}
}
