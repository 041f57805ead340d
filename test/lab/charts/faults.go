package charts

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// FaultKind is a way in which a download goes wrong.
type FaultKind string

// The faults of a download.
const (
	Missing     FaultKind = "missing"      // 404
	Broken      FaultKind = "broken"       // 503
	Cut         FaultKind = "cut"          // the connection ends half-way
	Slow        FaultKind = "slow"         // Rate bytes a second
	Hang        FaultKind = "hang"         // nothing comes, the connection stays open
	WrongDigest FaultKind = "wrong-digest" // other bytes than the index or the manifest promised
)

// Target is what a fault hits.
type Target string

// The targets. In a registry, tags and manifests are the index, and the layer with the chart is the archive.
const (
	Index   Target = "index"
	Archive Target = "archive"
)

// Fault is one fault and what it hits.
type Fault struct {
	Kind    FaultKind `json:"kind"`
	Target  Target    `json:"target,omitempty"`  // "" for the archive
	Chart   string    `json:"chart,omitempty"`   // "" for all; index.yaml of a classic repository is of no chart
	Version string    `json:"version,omitempty"` // "" for all; needs an archive or a tag
	Times   int       `json:"times,omitempty"`   // how often before it is gone; 0 for always
	Rate    int       `json:"rate,omitempty"`    // of Slow; 65536 when 0
}

func (f Fault) check() error {
	if !slices.Contains([]FaultKind{Missing, Broken, Cut, Slow, Hang, WrongDigest}, f.Kind) {
		return fmt.Errorf("no fault is called %q", f.Kind)
	}
	if !slices.Contains([]Target{"", Index, Archive}, f.Target) {
		return fmt.Errorf("a fault cannot hit %q", f.Target)
	}
	if f.Kind == WrongDigest && f.Target == Index {
		return fmt.Errorf("%s is a fault of archives", WrongDigest)
	}
	return nil
}

// SetFaults replaces the faults in force.
func (r *Repository) SetFaults(faults []Fault) error {
	for _, f := range faults {
		if err := f.check(); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = slices.Clone(faults)
	return nil
}

// hit returns the first fault that concerns what is asked for, and counts it.
func (r *Repository) hit(a asked) (Fault, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, f := range r.faults {
		if f.Target == "" {
			f.Target = Archive
		}
		if f.Target != a.target || f.Chart != "" && f.Chart != a.chart || f.Version != "" && f.Version != a.version {
			continue
		}
		switch f.Times {
		case 0:
		case 1:
			r.faults = slices.Delete(r.faults, i, i+1)
		default:
			r.faults[i].Times--
		}
		return f, true
	}
	return Fault{}, false
}

// spoil gives an answer the way the fault wants it. It takes the place of [deliver].
func (f Fault) spoil(w http.ResponseWriter, req *http.Request, answer *recorded) {
	switch f.Kind {
	case Missing:
		http.NotFound(w, req)
	case Broken:
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	case Hang:
		<-req.Context().Done()
	case WrongDigest:
		// the last bytes of a gzip file are its own checksum and length
		body := answer.body.Bytes()
		if len(body) > 0 {
			body[len(body)-1] ^= 0xff
		}
		deliver(w, answer)
	case Cut:
		body := answer.body.Bytes()
		answer.send(w)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case Slow:
		f.trickle(w, req, answer)
	}
}

// trickle writes ten pieces a second.
func (f Fault) trickle(w http.ResponseWriter, req *http.Request, answer *recorded) {
	rate := f.Rate
	if rate <= 0 {
		rate = 65536
	}
	answer.send(w)
	pieces := time.NewTicker(100 * time.Millisecond)
	defer pieces.Stop()
	for body := answer.body.Bytes(); len(body) > 0; {
		n := min(len(body), max(rate/10, 1))
		if _, err := w.Write(body[:n]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		body = body[n:]
		select {
		case <-pieces.C:
		case <-req.Context().Done():
			return
		}
	}
}

// serveFaults shows the faults in force (GET), replaces them (PUT) or takes them away (DELETE).
func (r *Repository) serveFaults(w http.ResponseWriter, req *http.Request) {
	var faults []Fault
	switch req.Method {
	case http.MethodPut:
		if err := json.NewDecoder(req.Body).Decode(&faults); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fallthrough
	case http.MethodDelete:
		if err := r.SetFaults(faults); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	case http.MethodGet:
	default:
		http.Error(w, "GET, PUT or DELETE", http.StatusMethodNotAllowed)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	writeJSON(w, append([]Fault{}, r.faults...))
}
