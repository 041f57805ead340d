package charts

import (
	"encoding/json"
	"net/http"
	"slices"
)

// Stats counts requests. Tests ask it whether a cache was used.
type Stats struct {
	// Requests are all requests for charts; those of /stats and /faults do not count.
	Requests int `json:"requests"`
	// Indexes are index.yaml, tag lists and manifests that were asked for; Archives are archives and layers.
	Indexes  int `json:"indexes"`
	Archives int `json:"archives"`
	// Refused are requests without the right name and password.
	Refused int `json:"refused"`
	// Bytes were sent as bodies, before any fault.
	Bytes int `json:"bytes"`
	// Log has the newest requests, oldest first.
	Log []Request `json:"log"`
}

// Request is one line of the log.
type Request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
	Fault  string `json:"fault,omitempty"`
}

// logged is how many requests the log keeps.
const logged = 1000

// Stats returns what was counted since the start or the last reset.
func (r *Repository) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.stats
	out.Log = slices.Clone(out.Log)
	return out
}

// ResetStats starts to count anew.
func (r *Repository) ResetStats() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats = Stats{}
}

func (r *Repository) count(a asked, line Request, bytes int) {
	r.options.Logger.Debug("chart request", "method", line.Method, "path", line.Path, "status", line.Status, "fault", line.Fault)
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.stats
	s.Requests++
	s.Bytes += bytes
	switch {
	case line.Status == http.StatusUnauthorized:
		s.Refused++
	case a.target == Index:
		s.Indexes++
	case a.target == Archive:
		s.Archives++
	}
	if len(s.Log) == logged {
		s.Log = s.Log[1:]
	}
	s.Log = append(s.Log, line)
}

// serveStats shows the counters (GET) or sets them to zero (DELETE).
func (r *Repository) serveStats(w http.ResponseWriter, req *http.Request) {
	switch req.Method {
	case http.MethodGet:
	case http.MethodDelete:
		r.ResetStats()
	default:
		http.Error(w, "GET or DELETE", http.StatusMethodNotAllowed)
		return
	}
	writeJSON(w, r.Stats())
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
