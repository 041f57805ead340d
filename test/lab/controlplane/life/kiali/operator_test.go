package kiali

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// asked is a Kiali object with a spec written as YAML paths.
func asked(spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "kiali.io/v1alpha1", "kind": "Kiali", "spec": spec}}
	o.SetNamespace("istio-system")
	o.SetName("kiali")
	o.SetUID("1")
	o.SetGeneration(1)
	return o
}

// stage is an operator in a cluster of fakes, and what it has done there.
type stage struct {
	*Operator
	objects []*unstructured.Unstructured
	calls   []string
}

func newStage(t *testing.T, pods ...runtime.Object) *stage {
	t.Helper()
	view, err := cluster.New(fake.NewClientset(pods...), crdfake.NewClientset())
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &stage{}
	client := dynamicfake.NewSimpleDynamicClient(runtime.NewScheme())
	client.PrependReactor("*", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		call := action.GetVerb() + " " + action.GetResource().Resource
		switch a := action.(type) {
		case clienttesting.PatchAction:
			call += " " + a.GetName()
			if action.GetResource().Resource == "kialis" {
				call += " " + string(a.GetPatch())
			}
		case clienttesting.DeleteAction:
			call += " " + a.GetName()
		}
		s.calls = append(s.calls, call)
		return true, &unstructured.Unstructured{Object: map[string]any{}}, nil
	})
	s.Operator = &Operator{Dynamic: client, View: view, List: func(string) ([]*unstructured.Unstructured, bool) { return s.objects, true }}
	return s
}

func operatorPod(version string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "operator", Namespace: "kiali-operator", Labels: map[string]string{"app": "kiali-operator"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "operator", Image: "quay.io/kiali/kiali-operator:" + version}}},
		Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{
			Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now().Add(-time.Minute)),
		}}},
	}
}

// did tells whether a call begins with these words and has the others in it.
func (s *stage) did(words string, others ...string) bool {
	return slices.ContainsFunc(s.calls, func(call string) bool {
		return strings.HasPrefix(call, words) && !slices.ContainsFunc(others, func(o string) bool { return !strings.Contains(call, o) })
	})
}

func TestOperator_CarriesAnObjectOut(t *testing.T) {
	t.Parallel()
	s := newStage(t, operatorPod("v2.29.0"))
	s.objects = []*unstructured.Unstructured{asked(map[string]any{"deployment": map[string]any{"ingress": map[string]any{"enabled": true}}})}
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"patch configmaps kiali", "patch services kiali", "patch deployments kiali", "patch ingresses kiali", "patch networkpolicies kiali"} {
		if !s.did(want) {
			t.Errorf("it did not %q", want)
		}
	}
	if !s.did("patch kialis kiali", `"finalizers":["kiali.io/finalizer"]`) || !s.did("patch kialis kiali", `"type":"Successful"`) {
		t.Errorf("the object is neither held nor told of: %v", s.calls)
	}
	s.calls = nil
	if _, err := s.Sync(t.Context()); err != nil || len(s.calls) > 0 {
		t.Errorf("it did it again: %v, %v", s.calls, err)
	}
}

func TestOperator_TakesItsTime(t *testing.T) {
	t.Parallel()
	s := newStage(t, operatorPod("v1.64.0"))
	s.Delay = time.Hour
	s.objects = []*unstructured.Unstructured{asked(nil)}
	wait, err := s.Sync(t.Context())
	if err != nil || wait <= 0 || s.did("patch deployments") || !s.did("patch kialis kiali", runningMessage) {
		t.Errorf("waits %s, %v: %v", wait, err, s.calls)
	}
}

func TestOperator_LetsAnObjectGo(t *testing.T) {
	t.Parallel()
	s := newStage(t, operatorPod("v2.29.0"))
	gone := asked(nil)
	gone.SetFinalizers([]string{finalizer, "other"})
	now := metav1.Now()
	gone.SetDeletionTimestamp(&now)
	s.objects = []*unstructured.Unstructured{gone}
	if _, err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.did("delete deployments kiali") || !s.did("patch kialis kiali", `"finalizers":["other"]`) {
		t.Errorf("calls %v", s.calls)
	}
}

func TestOperator_DoesNothingWhileItIsNotThere(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.objects = []*unstructured.Unstructured{asked(nil)}
	if wait, err := s.Sync(t.Context()); err != nil || wait != 0 || len(s.calls) > 0 {
		t.Errorf("%s, %v: %v", wait, err, s.calls)
	}
}

func TestServer_FollowsItsObject(t *testing.T) {
	t.Parallel()
	spec := map[string]any{
		"server":     map[string]any{"port": int64(8080), "web_root": "/mesh"},
		"deployment": map[string]any{"instance_name": "view", "namespace": "tools", "network_policy": map[string]any{"enabled": false}},
	}
	s := newServer(asked(spec), "v2.29.0")
	if s.name != "view" || s.namespace != "tools" || s.port != 8080 || s.root != "/mesh" || s.hasPolicy() || s.published() {
		t.Errorf("server %+v", s)
	}
	class, _, _ := unstructured.NestedString(s.ingress().Object, "spec", "ingressClassName")
	if class != "nginx" {
		t.Errorf("class %q", class)
	}
	old := newServer(asked(nil), "v1.64.0")
	if old.hasPolicy() || old.name != "kiali" || !strings.Contains(s.config(), "instance_name: view") {
		t.Errorf("old %+v, config %q", old, s.config())
	}
}

func TestServer_TakesAnotherImageWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	object := asked(map[string]any{"deployment": map[string]any{"image_name": "registry.lab/kiali"}})
	pod := operatorPod("v2.29.0")
	if got := serverOf(object, pod).image; got != "quay.io/kiali/kiali" {
		t.Errorf("the image is %s, which nobody allowed", got)
	}
	pod.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "ALLOW_AD_HOC_KIALI_IMAGE", Value: "true"}}
	if got := serverOf(object, pod).image; got != "registry.lab/kiali" {
		t.Errorf("the image is %s", got)
	}
}
