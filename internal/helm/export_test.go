package helm

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// NewFake makes a client whose releases are in memory and whose objects go to a fake.
func NewFake(o Options, store *Store, objects kube.Interface) *Client {
	c := New(o)
	c.connect = func(_ context.Context, namespace string, log action.DebugLog) (session, error) {
		kept := storage.Init(storeDriver{store, namespace})
		return session{
			config:  &action.Configuration{Releases: kept, KubeClient: objects, Log: log, Capabilities: chartutil.DefaultCapabilities},
			records: storeRecords{session{config: &action.Configuration{Releases: kept}}},
			faults:  &faults{},
		}, nil
	}
	return c
}

// Store keeps releases as JSON, so that nobody changes what is kept by changing what was read. Helm's own driver for
// tests shares pointers and one namespace between all who use it.
type Store struct {
	mu   sync.Mutex
	kept map[string][]byte
}

// Put keeps a revision as it is.
func (s *Store) Put(r *release.Release) error {
	d := storeDriver{s, r.Namespace}
	return d.write("sh.helm.release.v1."+r.Name+".v"+strconv.Itoa(r.Version), r, func(bool) error { return nil })
}

// Newest returns the newest revision of a release.
func (s *Store) Newest(namespace, name string) (*release.Release, error) {
	return storage.Init(storeDriver{s, namespace}).Last(name)
}

type storeDriver struct {
	*Store
	namespace string
}

type storedRelease struct {
	*release.Release
	Labels map[string]string `json:"labels"`
}

func (d storeDriver) Name() string { return "store" }

func (d storeDriver) write(key string, r *release.Release, allowed func(exists bool) error) error {
	data, err := json.Marshal(storedRelease{r, r.Labels})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept == nil {
		d.kept = map[string][]byte{}
	}
	_, exists := d.kept[d.namespace+"/"+key]
	if err := allowed(exists); err != nil {
		return err
	}
	d.kept[d.namespace+"/"+key] = data
	return nil
}

func (d storeDriver) Create(key string, r *release.Release) error {
	return d.write(key, r, func(exists bool) error {
		if exists {
			return driver.ErrReleaseExists
		}
		return nil
	})
}

func (d storeDriver) Update(key string, r *release.Release) error {
	return d.write(key, r, func(exists bool) error {
		if !exists {
			return driver.ErrReleaseNotFound
		}
		return nil
	})
}

func (d storeDriver) Get(key string) (*release.Release, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, ok := d.kept[d.namespace+"/"+key]
	if !ok {
		return nil, driver.ErrReleaseNotFound
	}
	return readStored(data)
}

func readStored(data []byte) (*release.Release, error) {
	var stored storedRelease
	if err := json.Unmarshal(data, &stored); err != nil {
		return nil, err
	}
	stored.Release.Labels = stored.Labels
	return stored.Release, nil
}

func (d storeDriver) Delete(key string) (*release.Release, error) {
	r, err := d.Get(key)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.kept, d.namespace+"/"+key)
	return r, nil
}

func (d storeDriver) List(filter func(*release.Release) bool) ([]*release.Release, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []*release.Release
	for _, data := range d.kept {
		r, err := readStored(data)
		if err != nil {
			return nil, err
		}
		if r.Namespace == d.namespace && filter(r) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (d storeDriver) Query(labels map[string]string) ([]*release.Release, error) {
	found, err := d.List(func(r *release.Release) bool {
		status, asked := labels["status"]
		return r.Name == labels["name"] && (!asked || r.Info.Status.String() == status)
	})
	if err == nil && len(found) == 0 {
		err = driver.ErrReleaseNotFound
	}
	return found, err
}

type storeRecords struct{ session }

func (s storeRecords) list(_ context.Context, name string, all bool) ([]record, error) {
	found, err := s.revisions(name)
	if !all {
		found = slices.DeleteFunc(found, func(r record) bool { return r.Info.Status == release.StatusSuperseded })
	}
	return found, err
}

// Redact runs the redactor over a text.
func Redact(values, secret map[string]any, text string) string {
	return newRedactor(values, secret).text(text)
}

// DefaultRegistryConfigs lists where credentials are looked for.
func DefaultRegistryConfigs(env func(string) string) []string { return defaultRegistryConfigs(env) }

// ParseManifest parses a manifest.
var ParseManifest = parseManifest
