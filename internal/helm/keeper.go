package helm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// keeper keeps releases for one operation. It takes secrets out of the descriptions that Helm writes when something
// fails, and does not ask for the same revisions again until one has changed: Helm lists them up to three times, each
// time with all their charts.
type keeper struct {
	driver.Driver
	hide redactor

	mu    sync.Mutex
	known map[string]answer
}

// answer is what a query found; not to find anything is an answer, too.
type answer struct {
	found []*release.Release
	err   error
}

// Create keeps a new revision.
func (k *keeper) Create(key string, r *release.Release) error {
	k.forget()
	r.Info.Description = k.hide.text(r.Info.Description)
	return k.Driver.Create(key, r)
}

// Update changes a revision.
func (k *keeper) Update(key string, r *release.Release) error {
	k.forget()
	r.Info.Description = k.hide.text(r.Info.Description)
	return k.Driver.Update(key, r)
}

// Delete forgets a revision.
func (k *keeper) Delete(key string) (*release.Release, error) {
	k.forget()
	return k.Driver.Delete(key)
}

// Query finds revisions by labels.
func (k *keeper) Query(labels map[string]string) ([]*release.Release, error) {
	key := fmt.Sprint(labels) // fmt sorts keys
	k.mu.Lock()
	known, ok := k.known[key]
	k.mu.Unlock()
	if ok {
		return slices.Clone(known.found), known.err
	}
	found, err := k.Driver.Query(maps.Clone(labels))
	if err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		k.known = map[string]answer{}
	}
	k.known[key] = answer{found, err}
	return slices.Clone(found), err
}

func (k *keeper) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known = nil
}
