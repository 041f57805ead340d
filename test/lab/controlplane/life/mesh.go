package life

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/istio/discovery"
)

// istiodSettings selects the ConfigMaps of istiods (istio:manifests/charts/istio-control/istio-discovery/templates/configmap.yaml).
const istiodSettings = "istio.io/rev"

// serveProxies answers the proxies of pods that really run, as istiod would.
func (l *Life) serveProxies(ctx context.Context) error {
	if err := l.watchSettings(ctx); err != nil {
		return err
	}
	// These versions are served by every release that the lab has charts of.
	of := func(group, version, kind string) func(string) ([]*unstructured.Unstructured, bool) {
		return (&watched{ctx: ctx, life: l, resource: schema.GroupVersionResource{Group: group, Version: version, Resource: kind}}).list
	}
	gateways, routes := of("networking.istio.io", "v1beta1", "gateways"), of("networking.istio.io", "v1beta1", "virtualservices")
	rules, telemetries := of("networking.istio.io", "v1beta1", "destinationrules"), of("telemetry.istio.io", "v1alpha1", "telemetries")
	server := &discovery.Server{
		Logger: l.options.Logger, Changes: l.changes.subscribe,
		World: func() (*discovery.World, bool) {
			world := &discovery.World{
				Pods: l.view.Pods(), Services: l.view.Services(), Slices: l.view.EndpointSlices(),
				Settings: l.meshSettings(),
				Ready:    func(pod *corev1.Pod) bool { _, ready := l.view.ReadySince(pod); return ready },
			}
			all := true
			for into, list := range map[*[]*unstructured.Unstructured]func(string) ([]*unstructured.Unstructured, bool){
				&world.Gateways: gateways, &world.VirtualServices: routes, &world.DestinationRules: rules, &world.Telemetries: telemetries,
			} {
				objects, known := list("")
				*into = objects
				all = all && known
			}
			return world, all
		},
	}
	return server.Listen(ctx)
}

// watchSettings keeps the settings of all istiods.
func (l *Life) watchSettings(ctx context.Context) error {
	factory := informers.NewSharedInformerFactoryWithOptions(l.client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.LabelSelector = istiodSettings
	}))
	informer := factory.Core().V1().ConfigMaps().Informer()
	note := l.changes.note
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { note() }, UpdateFunc: func(any, any) { note() }, DeleteFunc: func(any) { note() },
	}); err != nil {
		return fmt.Errorf("watching the settings of meshes: %w", err)
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("watching the settings of meshes: %w", ctx.Err())
	}
	store := informer.GetStore()
	l.settings.Store(&store)
	return nil
}

// meshSettings lists the ConfigMaps of istiods; none in a lab without containers, where nobody follows them.
func (l *Life) meshSettings() []*corev1.ConfigMap {
	store := l.settings.Load()
	if store == nil {
		return nil
	}
	var list []*corev1.ConfigMap
	for _, object := range (*store).List() {
		if settings, ok := object.(*corev1.ConfigMap); ok {
			list = append(list, settings)
		}
	}
	return list
}
