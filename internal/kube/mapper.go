package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/restmapper"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// refreshInterval is how long an unknown kind is believed to be unknown without looking again. It bounds what a
// plan over many objects of a missing kind costs.
const refreshInterval = time.Second

var (
	namespaces     = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	eventsResource = schema.GroupVersionResource{Version: "v1", Resource: "events"}
	pods           = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	services       = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	replicaSets    = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
	endpointSlices = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
)

// resource is where objects of a kind are found.
type resource struct {
	schema.GroupVersionResource
	namespaced bool
}

// mapper finds the resource of a kind. It discovers once, on first use, with aggregated discovery (two requests;
// API servers before 1.27 need one a group), and looks again when a kind is missing: a CRD may just have come.
//
// A cache that lacks a kind proves nothing: an API server that starts, or one whose aggregated APIs are down,
// answers discovery with less than it serves. So a kind is called missing only when the server says so for its
// very group and version. Otherwise objects would be taken for gone while the server is restarting.
type mapper struct {
	*restmapper.DeferredDiscoveryRESTMapper
	cache  discovery.CachedDiscoveryInterface
	direct discovery.DiscoveryInterfaceWithContext

	mu        sync.Mutex
	refreshed time.Time
	dirty     bool
	absent    map[schema.GroupVersionKind]time.Time
}

func newMapper(direct *discovery.DiscoveryClient) *mapper {
	cache := memory.NewMemCacheClient(direct)
	return &mapper{
		DeferredDiscoveryRESTMapper: restmapper.NewDeferredDiscoveryRESTMapper(cache),
		cache:                       cache,
		direct:                      direct,
		absent:                      map[schema.GroupVersionKind]time.Time{},
	}
}

// errNoKind is the positive answer that a cluster does not serve a kind.
type errNoKind struct{ gvk schema.GroupVersionKind }

// Error says what is missing and what usually brings it.
func (e errNoKind) Error() string {
	return fmt.Sprintf("the cluster has no kind %s in %s: is the CRD installed?", e.gvk.Kind, e.gvk.GroupVersion())
}

func newErrNoKind(gvk schema.GroupVersionKind) error {
	return fault.New(fault.NotFound, errNoKind{gvk})
}

func isNoKind(err error) bool {
	var none errNoKind
	return errors.As(err, &none)
}

// find returns the resource of a kind, or an [errNoKind].
func (m *mapper) find(ctx context.Context, apiVersion, kind string) (resource, error) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil || apiVersion == "" || kind == "" {
		return resource{}, fault.Newf(fault.Invalid, "apiVersion %q, kind %q: not the name of a kind", apiVersion, kind)
	}
	gvk := gv.WithKind(kind)
	found, err := m.RESTMappingWithContext(ctx, gvk.GroupKind(), gvk.Version)
	if err == nil {
		return resource{found.Resource, found.Scope.Name() == meta.RESTScopeNameNamespace}, nil
	}
	if !meta.IsNoMatchError(err) {
		return resource{}, fmt.Errorf("discovering what the cluster serves: %w", err)
	}
	return m.ask(ctx, gvk)
}

// ask looks for a kind in the server's own list for its group and version.
func (m *mapper) ask(ctx context.Context, gvk schema.GroupVersionKind) (resource, error) {
	if m.knownAbsent(gvk) {
		return resource{}, newErrNoKind(gvk)
	}
	list, err := m.direct.ServerResourcesForGroupVersionWithContext(ctx, gvk.GroupVersion().String())
	if err != nil && !apierrors.IsNotFound(err) {
		return resource{}, fmt.Errorf("discovering %s: %w", gvk.GroupVersion(), err)
	}
	if err == nil {
		for _, r := range list.APIResources {
			if r.Kind == gvk.Kind && !strings.Contains(r.Name, "/") {
				return resource{gvk.GroupVersion().WithResource(r.Name), r.Namespaced}, nil
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.absent[gvk] = time.Now()
	return resource{}, newErrNoKind(gvk)
}

func (m *mapper) knownAbsent(gvk schema.GroupVersionKind) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Since(m.absent[gvk]) < refreshInterval
}

// changed notes that this client changed what the cluster serves, so that the next miss looks again at once.
func (m *mapper) changed() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dirty = true
	clear(m.absent)
}

// refresh drops the cache, unless it was filled a moment ago, and reports whether it did.
func (m *mapper) refresh(ctx context.Context) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dirty && time.Since(m.refreshed) < refreshInterval {
		return false
	}
	m.dirty, m.refreshed = false, time.Now()
	m.ResetWithContext(ctx)
	return true
}

// started notes when the first discovery happens, so that the first miss does not discover twice.
func (m *mapper) started() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refreshed.IsZero() {
		m.refreshed = time.Now()
	}
}

// RESTMappingWithContext maps a kind, and looks again once when the kind is unknown.
func (m *mapper) RESTMappingWithContext(ctx context.Context, gk schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	m.started()
	found, err := m.DeferredDiscoveryRESTMapper.RESTMappingWithContext(ctx, gk, versions...)
	if meta.IsNoMatchError(err) && m.refresh(ctx) {
		found, err = m.DeferredDiscoveryRESTMapper.RESTMappingWithContext(ctx, gk, versions...)
	}
	return found, err
}

// RESTMapping is RESTMappingWithContext for callers whose interface has no context, such as helm.
func (m *mapper) RESTMapping(gk schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	return m.RESTMappingWithContext(context.Background(), gk, versions...)
}

// isUnserved reports whether a 404 is about the resource, not about one object: the answer has no details then.
// The cache is stale in that case, for example after a CRD was removed.
func isUnserved(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Code != http.StatusNotFound {
		return false
	}
	details := status.Status().Details
	if details == nil {
		return true
	}
	for _, cause := range details.Causes {
		if cause.Type == "UnexpectedServerResponse" {
			return true
		}
	}
	return false
}
