package release

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
)

// FaultKind is a way in which a download goes wrong.
type FaultKind string

// The faults of a download.
const (
	WrongSum FaultKind = "wrong-sum" // the sums file has another sum for the artifact
	NoSum    FaultKind = "no-sum"    // the sums file has no line for the artifact
	Missing  FaultKind = "missing"   // 404
	Broken   FaultKind = "broken"    // 503
	Cut      FaultKind = "cut"       // the connection ends half-way
	Slow     FaultKind = "slow"      // Rate bytes a second
	Hang     FaultKind = "hang"      // nothing comes, the connection stays open
)

// Fault is one fault and what it hits.
type Fault struct {
	Kind     FaultKind `json:"kind"`
	Version  string    `json:"version,omitempty"`  // "" for all
	Artifact string    `json:"artifact,omitempty"` // name or pattern of path.Match; "" for the bundle
	Times    int       `json:"times,omitempty"`    // how often before it is gone; 0 for always
	Rate     int       `json:"rate,omitempty"`     // of Slow; 65536 when 0
}

func (f Fault) check() error {
	if !slices.Contains([]FaultKind{WrongSum, NoSum, Missing, Broken, Cut, Slow, Hang}, f.Kind) {
		return fmt.Errorf("no fault is called %q", f.Kind)
	}
	_, err := path.Match(f.Artifact, "")
	return err
}

// SetFaults replaces the faults in force.
func (r *Releases) SetFaults(faults []Fault) error {
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

// Faults returns the faults in force.
func (r *Releases) Faults() []Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.faults)
}

// hit returns the first fault of the given kinds that concerns an artifact, and counts it.
func (r *Releases) hit(version, artifact string, kinds ...FaultKind) (Fault, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, f := range r.faults {
		pattern := f.Artifact
		if pattern == "" {
			pattern = Bundle()
		}
		matches, _ := path.Match(pattern, artifact)
		if !matches || f.Version != "" && f.Version != version || !slices.Contains(kinds, f.Kind) {
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

// serveFaults lets tests in other processes read (GET), replace (POST) and clear (DELETE) the faults.
func (r *Releases) serveFaults(w http.ResponseWriter, req *http.Request) {
	var faults []Fault
	switch req.Method {
	case http.MethodGet:
		faults = r.Faults()
	case http.MethodPost:
		if err := json.NewDecoder(req.Body).Decode(&faults); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := r.SetFaults(faults); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	case http.MethodDelete:
		_ = r.SetFaults(nil) // no fault is no wrong fault
	default:
		http.Error(w, "GET, POST or DELETE", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(faults)
}
