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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	found, err := m.RESTMappingWithContext(ctx, schema.GroupKind{Group: gv.Group, Kind: kind}, gv.Version)
	switch {
	case meta.IsNoMatchError(err):
		return resource{}, fault.New(fault.NotFound, errNoKind{gv.WithKind(kind)})
	case err != nil:
		return resource{}, fmt.Errorf("discovering what the cluster serves: %w", err)
	}
	return resource{found.Resource, found.Scope.Name() == meta.RESTScopeNameNamespace}, nil
}

// RESTMappingWithContext maps a kind. When it is unknown, it discovers anew, and then asks the server for the very
// group and version.
func (m *mapper) RESTMappingWithContext(ctx context.Context, gk schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	m.started()
	found, err := m.DeferredDiscoveryRESTMapper.RESTMappingWithContext(ctx, gk, versions...)
	if meta.IsNoMatchError(err) && m.refresh(ctx) {
		found, err = m.DeferredDiscoveryRESTMapper.RESTMappingWithContext(ctx, gk, versions...)
	}
	if apierrors.IsNotFound(err) {
		return nil, errNotKubernetes // a 404 to discovery itself
	}
	if !meta.IsNoMatchError(err) || len(versions) != 1 {
		return found, err
	}
	switch served, askErr := m.ask(ctx, gk.WithVersion(versions[0])); {
	case askErr != nil:
		return nil, askErr
	case served == nil:
		return nil, err
	default:
		return served, nil
	}
}

// RESTMapping is RESTMappingWithContext for callers whose interface has no context, such as helm.
func (m *mapper) RESTMapping(gk schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	return m.RESTMappingWithContext(context.Background(), gk, versions...)
}

// ask looks for a kind in the server's own list for its group and version. It returns nil without an error when
// the server does not serve the kind.
func (m *mapper) ask(ctx context.Context, gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	if m.knownAbsent(gvk) {
		return nil, nil
	}
	list, err := m.direct.ServerResourcesForGroupVersionWithContext(ctx, gvk.GroupVersion().String())
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, err
	}
	if err == nil {
		for _, r := range list.APIResources {
			if r.Kind == gvk.Kind && !strings.Contains(r.Name, "/") {
				return mappingOf(gvk, r), nil
			}
		}
	}
	if err := m.isKubernetes(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.absent[gvk] = time.Now()
	return nil, nil
}

func mappingOf(gvk schema.GroupVersionKind, r metav1.APIResource) *meta.RESTMapping {
	scope := meta.RESTScopeRoot
	if r.Namespaced {
		scope = meta.RESTScopeNamespace
	}
	return &meta.RESTMapping{Resource: gvk.GroupVersion().WithResource(r.Name), GroupVersionKind: gvk, Scope: scope}
}

// isKubernetes asks for the core kinds. A load balancer without a backend, or any other web server at this
// address, answers 404 to everything; that says nothing about what the cluster has.
func (m *mapper) isKubernetes(ctx context.Context) error {
	core, err := m.direct.ServerResourcesForGroupVersionWithContext(ctx, "v1")
	if err == nil && len(core.APIResources) == 0 {
		return errNotKubernetes
	}
	return err
}

var errNotKubernetes = fault.Newf(fault.Unreachable, "what answers there is no Kubernetes API server: it does not serve the core kinds")

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
