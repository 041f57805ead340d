package kubelet

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	kubetesting "k8s.io/client-go/testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
)

func TestSource_GivesTheKubeletOnlyRealPods(t *testing.T) {
	t.Parallel()
	client := fake.NewClientset(node("h1"), pod("web", "nginx"), pod("operator", "metallb"))
	sets := follow(t, client)
	sets.wait(t, "web")

	create(t, client, pod("gateway", "proxyv2:1.30.3"))
	sets.wait(t, "gateway,web")
	create(t, client, pod("speaker", "speaker:v0.16.1"))
	create(t, client, pod("shop", "nginx:1.27"))
	sets.wait(t, "gateway,shop,web")

	if err := client.CoreV1().Pods("default").Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	sets.wait(t, "gateway,shop")
}

// A kubelet waits for the first answer of each of its sources, also when that has no pod in it; till then it removes no container.
func TestSource_SaysThatThereAreNone(t *testing.T) {
	t.Parallel()
	follow(t, fake.NewClientset(node("h1"), pod("operator", "metallb"))).wait(t, "")
}

func TestSource_AsksForItsOwnNode(t *testing.T) {
	t.Parallel()
	client := fake.NewClientset(node("h1"), pod("web", "nginx"))
	follow(t, client).wait(t, "web")
	for _, action := range client.Actions() {
		if list, ok := action.(kubetesting.ListActionImpl); ok {
			if got := list.GetListRestrictions().Fields.String(); got != "spec.nodeName=h1" {
				t.Errorf("pods were listed with %q", got)
			}
			return
		}
	}
	t.Error("pods were not listed")
}

func TestSource_WaitsForTheNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(pod("web", "nginx"))
		sets := follow(t, client)
		time.Sleep(time.Minute)
		if got := sets.last(); got != "none yet" {
			t.Fatalf("pods before their node: %s", got)
		}
		if _, err := client.CoreV1().Nodes().Create(t.Context(), node("h1"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := sets.last(); got != "web" {
			t.Errorf("pods: %s", got)
		}
	})
}

// The kubelet writes its annotations into what it gets; what the store holds must not change under the next comparison.
func TestSource_KeepsItsOwnCopies(t *testing.T) {
	t.Parallel()
	stored := pod("web", "nginx")
	given := (&source{rule: containers.New("nginx")}).real([]any{stored})
	given[0].Annotations = map[string]string{"changed": "yes"}
	if stored.Annotations != nil {
		t.Error("the stored pod was changed")
	}
}

// sets are what a source has given so far.
type sets struct {
	mu    sync.Mutex
	names string
	came  chan struct{}
}

func follow(t *testing.T, client *fake.Clientset) *sets {
	t.Helper()
	s := &sets{names: "none yet", came: make(chan struct{}, 100)}
	from := &source{client: client, node: "h1", rule: containers.New("nginx", "proxyv2")}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); from.run(ctx, s.set) }()
	t.Cleanup(func() { stop(); <-done })
	return s
}

func (s *sets) set(pods []*corev1.Pod) {
	names := make([]string, 0, len(pods))
	for _, p := range pods {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	s.mu.Lock()
	s.names = strings.Join(names, ",")
	s.mu.Unlock()
	s.came <- struct{}{}
}

func (s *sets) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names
}

func (s *sets) wait(t *testing.T, want string) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for s.last() != want {
		select {
		case <-s.came:
		case <-limit:
			t.Fatalf("pods %q, want %q", s.last(), want)
		}
	}
}

func create(t *testing.T, client *fake.Clientset, p *corev1.Pod) {
	t.Helper()
	if _, err := client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func node(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

func pod(name, image string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       corev1.PodSpec{NodeName: "h1", Containers: []corev1.Container{{Name: "c", Image: image}}},
	}
}
