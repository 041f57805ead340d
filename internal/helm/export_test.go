package helm

import (
	"context"
	"slices"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
)

// NewFake makes a client whose releases are in memory and whose objects go to a fake.
func NewFake(o Options, store *driver.Memory, objects kube.Interface) *Client {
	c := New(o)
	c.connect = func(_ context.Context, namespace string, log action.DebugLog) (session, error) {
		store.SetNamespace(namespace)
		return session{
			config: &action.Configuration{
				Releases: storage.Init(store), KubeClient: objects, Log: log, Capabilities: chartutil.DefaultCapabilities,
			},
			records: memoryRecords{store},
			faults:  &faults{},
		}, nil
	}
	return c
}

type memoryRecords struct{ store *driver.Memory }

func (m memoryRecords) list(_ context.Context, name string, all bool) ([]record, error) {
	kept, err := m.store.Query(map[string]string{"name": name, "owner": "helm"})
	if err != nil {
		return nil, nil //nolint:nilerr // it only says that there is none
	}
	var out []record
	for _, r := range kept {
		if !all && r.Info.Status == release.StatusSuperseded {
			continue
		}
		one, err := recordOf(r)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b record) int { return b.Version - a.Version })
	return out, nil
}

// Redact runs the redactor over a text.
func Redact(values, secret map[string]any, text string) string {
	return newRedactor(values, secret).text(text)
}

// DefaultRegistryConfigs lists where credentials are looked for.
func DefaultRegistryConfigs(env func(string) string) []string { return defaultRegistryConfigs(env) }

// ParseManifest parses a manifest.
var ParseManifest = parseManifest
