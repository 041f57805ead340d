// Package life knows how to make simulated nodes look alive: behind the addresses of their pods somebody answers, and what the controllers
// of installed charts would do to the cluster happens, as late as it would.
package life

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/certmanager"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/istio"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/jobs"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/kiali"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/loopback"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/metallb"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/otel"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/prometheus"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

// Options are what life needs to know.
type Options struct {
	// Config reaches the API with an administrator's rights.
	Config *rest.Config
	// TLSDir holds the authority that signs the webhooks' certificates (server-ca).
	TLSDir string
	// ClusterCIDR is the range of pod addresses.
	ClusterCIDR string
	// Delay is the time from a webhook's first ready endpoint to its caBundle. Its port opens after half of it.
	Delay  time.Duration
	Logger *slog.Logger
	// Containers tells which pods really run, and so need no life but what their controllers do; nil when none do.
	Containers *containers.Rule
}

// Life is the life of one cluster, as one server sees it. It answers at once (it is an egress.Router); it acts only in Act.
type Life struct {
	options  Options
	pods     netip.Prefix
	client   kubernetes.Interface
	crds     apiextensions.Interface
	dynamic  dynamic.Interface
	view     *cluster.View
	issuer   *webhook.Issuer
	patcher  *webhook.Patcher
	webhooks *webhook.Server
	kubelet  *kubeletServer
	web      *webServer
	changes  *changes
	// settings are the ConfigMaps of istiods; nil until they are watched.
	settings atomic.Pointer[cache.Store]
}

// New makes a life that begins with Start.
func New(options Options) (*Life, error) {
	l := &Life{options: options, changes: &changes{}}
	var err error
	if l.pods, err = netip.ParsePrefix(options.ClusterCIDR); err != nil {
		return nil, fmt.Errorf("reading the pods' range: %w", err)
	}
	if l.issuer, err = webhook.NewIssuer(filepath.Join(options.TLSDir, "server-ca.crt"), filepath.Join(options.TLSDir, "server-ca.key")); err != nil {
		return nil, err
	}
	client, errClient := kubernetes.NewForConfig(options.Config)
	crds, errCRDs := apiextensions.NewForConfig(options.Config)
	dynamicClient, errDynamic := dynamic.NewForConfig(options.Config)
	if err := errors.Join(errClient, errCRDs, errDynamic); err != nil {
		return nil, fmt.Errorf("making clients: %w", err)
	}
	l.client, l.crds, l.dynamic = client, crds, dynamicClient
	if l.view, err = cluster.New(client, crds); err != nil {
		return nil, err
	}
	l.view.OnChange(l.changes.note)
	l.patcher = &webhook.Patcher{
		Client: client, CRDs: crds, View: l.view, Issuer: l.issuer, Delay: options.Delay, Logger: options.Logger,
		Injectable: certmanager.Sources{Client: client, Dynamic: dynamicClient}.Has,
	}
	l.webhooks = webhook.NewServer(options.Logger, &metallb.Validator{Client: dynamicClient}, &istio.Injector{View: l.view, Settings: l.meshSettings}, istio.Validator{},
		certmanager.Validator{}, &otel.Webhook{})
	l.web = newWebServer(l.issuer, options.Logger)
	l.kubelet, err = newKubeletServer(l)
	return l, err
}

// Start fills the view and begins to answer; it returns when it knows the cluster.
func (l *Life) Start(ctx context.Context) error {
	go l.webhooks.Run(ctx)
	go l.web.run(ctx)
	go l.kubelet.run(ctx)
	if err := l.view.Start(ctx); err != nil || l.options.Containers == nil {
		return err
	}
	return l.serveProxies(ctx)
}

// actor is one thing that controllers of charts do. Sync does what is due and tells when to call again at the latest.
type actor struct {
	name string
	sync func(context.Context) (time.Duration, error)
}

// actors lists all that is done to the cluster.
func (l *Life) actors(ctx context.Context) []actor {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: l.client.CoreV1().Events("")})
	pools := &watched{ctx: ctx, life: l, resource: metallb.PoolResource}
	addresses := &metallb.Controller{
		Client: l.client, View: l.view, Pools: pools.list, Delay: l.options.Delay / 2, Logger: l.options.Logger,
		Events: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "metallb-controller"}),
	}
	of := func(resource schema.GroupVersionResource) func(string) ([]*unstructured.Unstructured, bool) {
		return (&watched{ctx: ctx, life: l, resource: resource}).list
	}
	certificates := &certmanager.Controller{
		Client: l.client, Dynamic: l.dynamic, View: l.view, Issuer: l.issuer, Delay: l.options.Delay / 2,
		Certificates: of(certmanager.CertificateResource), Issuers: of(certmanager.IssuerResource), ClusterIssuers: of(certmanager.ClusterIssuerResource),
	}
	collectors := &otel.Controller{
		Dynamic: l.dynamic, View: l.view, Alpha: of(otel.Resource("v1alpha1")), Beta: of(otel.Resource("v1beta1")), Delay: l.options.Delay / 2,
		Real: l.options.Containers != nil,
	}
	roots := &istio.RootCerts{Client: l.client, View: l.view, Bundle: l.issuer.Bundle(), Delay: l.options.Delay}
	all := []actor{
		{"webhook configurations", l.patcher.Sync},
		{"load balancer addresses", addresses.Sync},
		{"istio root certificates", roots.Sync},
		{"jobs", (&jobs.Runner{Client: l.client, CRDs: l.crds, View: l.view, Logger: l.options.Logger}).Sync},
		{"prometheus operator", l.prometheusOperator(ctx).Sync},
		{"certificates", certificates.Sync},
		{"collectors", collectors.Sync},
		{"kiali operator", (&kiali.Operator{Dynamic: l.dynamic, View: l.view, List: of(kiali.Resource), Delay: l.options.Delay / 2}).Sync},
	}
	if l.options.Containers != nil {
		all = append(all,
			actor{"addresses on the node", (&loopback.Keeper{View: l.view}).Sync},
			actor{"pods of nodes that are back", (&reviver{client: l.client, view: l.view, rule: l.options.Containers}).Sync})
	}
	return all
}

func (l *Life) prometheusOperator(ctx context.Context) *prometheus.Operator {
	kinds := map[schema.GroupVersionResource]*watched{}
	for _, resource := range slices.Concat(prometheus.Resources(), prometheus.Monitors()) {
		kinds[resource] = &watched{ctx: ctx, life: l, resource: resource}
	}
	return &prometheus.Operator{
		Real:   l.options.Containers != nil,
		Client: l.client, Dynamic: l.dynamic, View: l.view, Delay: l.options.Delay / 2, Logger: l.options.Logger,
		List: func(resource schema.GroupVersionResource) ([]*unstructured.Unstructured, bool) { //nolint:contextcheck // what is watched keeps its own
			return kinds[resource].list("")
		},
	}
}

// Act does to the cluster what controllers would, until ctx ends. Of several servers one may act at a time.
func (l *Life) Act(ctx context.Context) {
	var all sync.WaitGroup
	for _, a := range l.actors(ctx) {
		all.Go(func() { l.perform(ctx, a) })
	}
	all.Wait()
}

const (
	// settle lets a burst of changes become one call.
	settle = 20 * time.Millisecond
	// retry is the pause after an error.
	retry = time.Second
)

func (l *Life) perform(ctx context.Context, a actor) {
	changed, stop := l.changes.subscribe()
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for soon := true; ; {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			if !soon {
				timer.Reset(settle)
			}
			soon = true
			continue
		case <-timer.C:
			soon = false
		}
		wait, err := a.sync(ctx)
		if err != nil && ctx.Err() == nil {
			l.options.Logger.Warn("life", "actor", a.name, "err", err)
			wait = retry
		}
		if wait > 0 {
			timer.Reset(wait)
		}
	}
}

// changes tells subscribers that something has changed, without keeping a count.
type changes struct {
	mu   sync.Mutex
	subs map[chan struct{}]bool
}

func (c *changes) note() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for sub := range c.subs {
		select {
		case sub <- struct{}{}:
		default:
		}
	}
}

func (c *changes) subscribe() (<-chan struct{}, func()) {
	sub := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.subs == nil {
		c.subs = map[chan struct{}]bool{}
	}
	c.subs[sub] = true
	return sub, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.subs, sub)
	}
}
