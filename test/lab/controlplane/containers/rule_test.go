package containers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/utils/expression"
)

// TestRule_IsTheSameInBothForms asks the kubelet's form and KWOK's form of one rule about the same pods: a pod for which both said yes
// would have two masters, one for which both said no would have none.
func TestRule_IsTheSameInBothForms(t *testing.T) {
	t.Parallel()
	rule := New("nginx", "pause", "proxyv2", "examples-bookinfo-reviews-v1")
	cases := map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"a plain name":                       {pod("nginx"), true},
		"with a tag":                         {pod("nginx:1.27"), true},
		"with a registry and its port":       {pod("registry.example.test:5000/library/nginx:1.27"), true},
		"a registry's port and no tag":       {pod("registry.example.test:5000/nginx"), true},
		"with a digest":                      {pod("example.test/nginx@sha256:0123"), true},
		"with tag and digest":                {pod("example.test/nginx:1.27@sha256:0123"), true},
		"a name with dashes":                 {pod("istio/examples-bookinfo-reviews-v1:1.20"), true},
		"another name":                       {pod("example.test/nginx/exporter:1"), false},
		"a name that begins alike":           {pod("nginx-unprivileged"), false},
		"upper case":                         {pod("Nginx"), false},
		"nobody has filled in the image":     {pod("auto"), false},
		"no image":                           {pod(""), false},
		"a slash at the end":                 {pod("nginx/"), false},
		"two that the lab has":               {pod("nginx", "proxyv2:1.30"), true},
		"one of two":                         {pod("nginx", "db"), false},
		"no containers":                      {pod(), false},
		"an init container":                  {initialised(pod("nginx"), "proxyv2"), true},
		"a foreign init container":           {initialised(pod("nginx"), "busybox"), false},
		"one foreign of two init containers": {initialised(pod("nginx"), "proxyv2", "busybox"), false},
		"with annotations":                   {annotated(pod("nginx"), "lab.test/log", "hello"), true},
		"with a behaviour":                   {annotated(pod("nginx"), BehaviourAnnotation, "crash"), false},
		"with an empty behaviour":            {annotated(pod("nginx"), BehaviourAnnotation, ""), false},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := rule.Real(test.pod); got != test.want {
				t.Errorf("for the kubelet: %v, want %v", got, test.want)
			}
			if got := !simulated(t, rule, test.pod); got != test.want {
				t.Errorf("for KWOK: %v, want %v", got, test.want)
			}
		})
	}
}

func TestRule_WithoutContainersNothingIsReal(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]*Rule{"no rule": nil, "no names": New()} {
		if rule.Real(pod("nginx")) || !simulated(t, rule, pod("nginx")) {
			t.Errorf("%s: a pod is real", name)
		}
	}
}

func TestRead_TakesOneNameALine(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ content, want string }{
		"names, comments and empty lines": {"# the lab's\n\n nginx # web\nproxyv2\n", ""},
		"a repository's whole name":       {"library/nginx\n", `"library/nginx"`},
		"a tag":                           {"nginx:1.27\n", `"nginx:1.27"`},
		"two on a line":                   {"nginx proxyv2\n", `"nginx proxyv2"`},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "containers")
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			rule, err := Read(path)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want one with %s", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !rule.Real(pod("nginx", "proxyv2")) || rule.Real(pod("web")) {
				t.Errorf("read %v", rule.names)
			}
		})
	}
	if _, err := Read(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a file that is not there is read")
	}
}

// simulated asks KWOK's own selector.
func simulated(t *testing.T, rule *Rule, p *corev1.Pod) bool {
	t.Helper()
	requirement, err := expression.NewRequirement(rule.Query(), internalversion.SelectorOpDoesNotExist, nil)
	if err != nil {
		t.Fatal(err)
	}
	matches, err := requirement.Matches(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return matches
}

func pod(images ...string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	for _, image := range images {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "c", Image: image})
	}
	return p
}

func initialised(p *corev1.Pod, images ...string) *corev1.Pod {
	for _, image := range images {
		p.Spec.InitContainers = append(p.Spec.InitContainers, corev1.Container{Name: "i", Image: image})
	}
	return p
}

func annotated(p *corev1.Pod, key, value string) *corev1.Pod {
	p.Annotations = map[string]string{key: value}
	return p
}
