package life

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

func TestReviver_MakesPodsOfANodeThatIsBackReady(t *testing.T) {
	t.Parallel()
	node := func(name string, ready corev1.ConditionStatus) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}}}
	}
	cases := map[string]struct {
		node, image       string
		phase             corev1.PodPhase
		containers, ready corev1.ConditionStatus
		want              corev1.ConditionStatus
	}{
		"the node is back":            {"up", "istiod", corev1.PodRunning, corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionTrue},
		"the node is silent":          {"down", "istiod", corev1.PodRunning, corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionFalse},
		"a kubelet looks after it":    {"up", "nginx", corev1.PodRunning, corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionFalse},
		"its containers are not":      {"up", "istiod", corev1.PodRunning, corev1.ConditionFalse, corev1.ConditionFalse, corev1.ConditionFalse},
		"it has ended":                {"up", "istiod", corev1.PodSucceeded, corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionFalse},
		"it was never called unready": {"up", "istiod", corev1.PodRunning, corev1.ConditionTrue, corev1.ConditionTrue, corev1.ConditionTrue},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "pod"},
				Spec:       corev1.PodSpec{NodeName: test.node, Containers: []corev1.Container{{Image: test.image}}},
				Status: corev1.PodStatus{Phase: test.phase, Conditions: []corev1.PodCondition{
					{Type: corev1.ContainersReady, Status: test.containers}, {Type: corev1.PodReady, Status: test.ready},
				}},
			}
			client := fake.NewClientset(pod, node("up", corev1.ConditionTrue), node("down", corev1.ConditionUnknown))
			view, err := cluster.New(client, crdfake.NewClientset())
			if err != nil {
				t.Fatal(err)
			}
			if err := view.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := (&reviver{client: client, view: view, rule: containers.New("nginx")}).Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			live, err := client.CoreV1().Pods("ns").Get(t.Context(), "pod", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := live.Status.Conditions[1].Status; got != test.want {
				t.Errorf("ready is %s, want %s", got, test.want)
			}
		})
	}
}
