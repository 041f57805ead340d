package life

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// watched is a custom resource that may come and go: it is watched while its definition is established.
type watched struct {
	ctx      context.Context //nolint:containedctx // the life of the watch, which starts in the middle of a call
	life     *Life
	resource schema.GroupVersionResource

	mu       sync.Mutex
	informer cache.SharedIndexInformer
	stop     context.CancelFunc
}

// list returns the objects of a namespace, or of all with "", none when the resource is not there; false while they are not known yet.
func (w *watched) list(namespace string) ([]*unstructured.Unstructured, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.life.view.Established(w.resource.GroupResource().String()) {
		if w.stop != nil {
			w.stop()
			w.informer, w.stop = nil, nil
		}
		return nil, true
	}
	if w.informer == nil {
		w.start()
	}
	if !w.informer.HasSynced() {
		return nil, false
	}
	var objects []*unstructured.Unstructured
	for _, object := range w.informer.GetStore().List() {
		if o, ok := object.(*unstructured.Unstructured); ok && (namespace == "" || o.GetNamespace() == namespace) {
			objects = append(objects, o)
		}
	}
	return objects, true
}

func (w *watched) start() {
	ctx, stop := context.WithCancel(w.ctx)
	factory := dynamicinformer.NewDynamicSharedInformerFactory(w.life.dynamic, 0)
	w.informer, w.stop = factory.ForResource(w.resource).Informer(), stop
	informer, note := w.informer, w.life.changes.note
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{ // fails only for a stopped informer
		AddFunc: func(any) { note() }, UpdateFunc: func(any, any) { note() }, DeleteFunc: func(any) { note() },
	})
	factory.Start(ctx.Done())
	go func() {
		cache.WaitForCacheSync(ctx.Done(), informer.HasSynced)
		note()
	}()
}
