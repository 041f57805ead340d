package kubelet

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
)

// nodePoll is the pause between two looks for the node's object. The kubelet itself waits in steps of a second
// (kubernetes:pkg/kubelet/config/apiserver.go, WaitForAPIServerSyncPeriod), which is long for a node that is ready after two.
const nodePoll = 100 * time.Millisecond

// source is where a kubelet learns of its pods: the API, as for every kubelet, but only of those that really run.
type source struct {
	client kubernetes.Interface
	node   string
	rule   *containers.Rule
}

// run sends the node's real pods to set, all of them after each change, until ctx ends. It begins when the node's object is there: before
// that the kubelet would refuse pods that ask for labels of their node.
func (s *source) run(ctx context.Context, set func([]*corev1.Pod)) {
	if !s.waitNode(ctx) {
		return
	}
	store := cache.NewUndeltaStore(func(objects []any) { set(s.real(objects)) }, cache.MetaNamespaceKeyFunc)
	cache.NewReflector(s.listWatch(), &corev1.Pod{}, store, 0).RunWithContext(ctx)
}

// waitNode returns false when ctx has ended first.
func (s *source) waitNode(ctx context.Context) bool {
	ticker := time.NewTicker(nodePoll)
	defer ticker.Stop()
	for {
		if _, err := s.client.CoreV1().Nodes().Get(ctx, s.node, metav1.GetOptions{}); err == nil {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

func (s *source) listWatch() cache.ListerWatcher {
	mine := fields.OneTermEqualSelector("spec.nodeName", s.node).String()
	pods := s.client.CoreV1().Pods(metav1.NamespaceAll)
	watcher := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.FieldSelector = mine
			return pods.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = mine
			return pods.Watch(ctx, options)
		},
	}
	return cache.ToListWatcherWithWatchListSemantics(watcher, s.client)
}

// real picks the pods that run. The kubelet writes into what it is given, so it gets copies.
func (s *source) real(objects []any) []*corev1.Pod {
	pods := []*corev1.Pod{}
	for _, object := range objects {
		if pod, ok := object.(*corev1.Pod); ok && s.rule.Real(pod) {
			pods = append(pods, pod.DeepCopy())
		}
	}
	return pods
}
