package stages

import (
	"bytes"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/apis/v1alpha1"
	"sigs.k8s.io/kwok/pkg/utils/lifecycle"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
)

func TestConfig_ChoosesTheStage(t *testing.T) {
	t.Parallel()
	pods := podStages(t, nil)
	behaving := func(behaviour string) *corev1.Pod {
		return pod(func(p *corev1.Pod) { p.Annotations = map[string]string{BehaviourAnnotation: behaviour} })
	}
	cases := map[string]struct {
		pod  *corev1.Pod
		want string
	}{
		"a pod":                            {pod(), "pod-ready"},
		"a gateway that nobody filled in":  {pod(func(p *corev1.Pod) { p.Spec.Containers[0].Image = "auto" }), "pod-image-auto"},
		"a pod that shall crash":           {behaving(BehaviourCrash), "pod-crash"},
		"a pod whose image is missing":     {behaving(BehaviourPullError), "pod-pull-error"},
		"a pod that never becomes ready":   {behaving(BehaviourNotReady), "pod-not-ready"},
		"a pod that is never started":      {behaving(BehaviourPending), ""},
		"a pod that failed stays as it is": {failed(behaving(BehaviourCrash)), ""},
		"a pod that is deleted":            {deleted(pod()), "pod-delete"},
		"a crashing pod that is deleted":   {deleted(behaving(BehaviourCrash)), "pod-delete"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := chosen(t, pods, test.pod); got != test.want {
				t.Errorf("stage %q, want %q", got, test.want)
			}
		})
	}
}

// TestConfig_LeavesRealPodsAlone goes through all moments of a pod's life at which a stage takes a simulated one.
func TestConfig_LeavesRealPodsAlone(t *testing.T) {
	t.Parallel()
	pods := podStages(t, containers.New("nginx"))
	job := func(p *corev1.Pod) {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: "Job", Name: "once"}}
		p.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
	}
	image := func(name string) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Spec.Containers[0].Image = name } }
	behaviour := func(p *corev1.Pod) { p.Annotations = map[string]string{BehaviourAnnotation: BehaviourNotReady} }
	cases := map[string]struct {
		pod  *corev1.Pod
		want string
	}{
		"a real pod":                            {pod(), ""},
		"a real pod of a Job":                   {pod(job), ""},
		"a real pod that is deleted":            {deleted(pod()), ""},
		"a simulated pod":                       {pod(image("db")), "pod-ready"},
		"a simulated pod of a Job":              {pod(job, image("db")), "pod-complete"},
		"a simulated pod that is deleted":       {deleted(pod(image("db"))), "pod-delete"},
		"a gateway that nobody filled in":       {pod(image("auto")), "pod-image-auto"},
		"a pod of our image with a behaviour":   {pod(behaviour), "pod-not-ready"},
		"a deleted pod of that kind, all going": {deleted(pod(behaviour)), "pod-delete"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := chosen(t, pods, test.pod); got != test.want {
				t.Errorf("stage %q, want %q", got, test.want)
			}
		})
	}
}

// chosen is the name of the stage that a pod is in; empty when no stage takes it.
func chosen(t *testing.T, stages []*internalversion.Stage, p *corev1.Pod) string {
	t.Helper()
	// A stage keeps state, so each case has its own.
	all, err := lifecycle.NewLifecycle(stages)
	if err != nil {
		t.Fatal(err)
	}
	stage, err := all.Match(t.Context(), &lifecycle.Event{Labels: p.Labels, Annotations: p.Annotations, Data: p})
	if err != nil {
		t.Fatal(err)
	}
	if stage == nil {
		return ""
	}
	return stage.Name()
}

func podStages(t *testing.T, rule *containers.Rule) []*internalversion.Stage {
	t.Helper()
	content, err := Config(rule)
	if err != nil {
		t.Fatal(err)
	}
	var stages []*internalversion.Stage
	for _, document := range bytes.Split(content, []byte("\n---\n")) {
		var stage v1alpha1.Stage
		if err := yaml.UnmarshalStrict(document, &stage); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if stage.Spec.ResourceRef.Kind != "Pod" {
			continue
		}
		internal, err := internalversion.ConvertToInternalStage(&stage)
		if err != nil {
			t.Fatal(err)
		}
		stages = append(stages, internal)
	}
	return stages
}

func pod(change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"},
		Spec:       corev1.PodSpec{NodeName: "lab", Containers: []corev1.Container{{Name: "web", Image: "nginx"}}},
		Status:     corev1.PodStatus{Phase: corev1.PodPending},
	}
	for _, f := range change {
		f(p)
	}
	return p
}

func failed(p *corev1.Pod) *corev1.Pod {
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web"}}
	return p
}

func deleted(p *corev1.Pod) *corev1.Pod {
	now := metav1.Now()
	p.DeletionTimestamp = &now
	return p
}
