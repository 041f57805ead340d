package prometheus

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// objects reads custom resources of a file of testdata by their kind.
func objects(t *testing.T, file string) func(schema.GroupVersionResource) ([]*unstructured.Unstructured, bool) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	byResource := map[string][]*unstructured.Unstructured{}
	for _, text := range strings.Split(string(raw), "\n---\n") {
		inJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(inJSON); err != nil {
			t.Fatal(err)
		}
		resource := strings.ToLower(o.GetKind()) + "s"
		if o.GetKind() == "Prometheus" {
			resource = "prometheuses"
		}
		byResource[resource] = append(byResource[resource], o)
	}
	return func(r schema.GroupVersionResource) ([]*unstructured.Unstructured, bool) {
		return byResource[r.Resource], true
	}
}

func namespace(name string, labels map[string]string) runtime.Object {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

// configured returns what the operator wrote for the Prometheus of a file.
func configured(t *testing.T, o *Operator) string {
	t.Helper()
	secret, err := o.Client.CoreV1().Secrets("monitoring").Get(t.Context(), "prometheus-p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(secret.Data["prometheus.yaml.gz"]))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOperator_WritesTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"of-every-monitor", "of-selected-monitors"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := operator(t, operatorPod(corev1.ConditionTrue),
				namespace("monitoring", nil), namespace("mesh", map[string]string{"team": "a"}), namespace("apps", nil))
			o.Real, o.List = true, objects(t, name+".yaml")
			if _, err := o.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.yaml")
			got := configured(t, o)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOperator_FollowsNewMonitors(t *testing.T) {
	t.Parallel()
	o := operator(t, operatorPod(corev1.ConditionTrue), namespace("monitoring", nil), namespace("mesh", map[string]string{"team": "a"}), namespace("apps", nil))
	all := objects(t, "of-every-monitor.yaml")
	o.Real, o.List = true, func(r schema.GroupVersionResource) ([]*unstructured.Unstructured, bool) {
		if r.Resource == "podmonitors" {
			return nil, true
		}
		return all(r)
	}
	if _, err := o.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(configured(t, o), "podMonitor/mesh/envoy/0") {
		t.Error("there is a job of a monitor that is not there")
	}
	o.List = all
	if _, err := o.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(configured(t, o), "podMonitor/mesh/envoy/0") {
		t.Error("a new monitor has no job")
	}
}

func TestOperator_ConfiguresNothingThatDoesNotRun(t *testing.T) {
	t.Parallel()
	o := operator(t, operatorPod(corev1.ConditionTrue), namespace("monitoring", nil))
	o.List = objects(t, "of-every-monitor.yaml")
	if _, err := o.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Client.CoreV1().Secrets("monitoring").Get(t.Context(), "prometheus-p", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Secret: %v", err)
	}
	set, err := o.Client.AppsV1().StatefulSets("monitoring").Get(t.Context(), "prometheus-p", metav1.GetOptions{})
	if err != nil || len(set.Spec.Template.Spec.Volumes)+len(set.Spec.Template.Spec.InitContainers) > 0 {
		t.Errorf("%v: %+v", err, set.Spec.Template.Spec)
	}
}

func TestOperator_EquipsAPodThatRuns(t *testing.T) {
	t.Parallel()
	o := operator(t, operatorPod(corev1.ConditionTrue), namespace("monitoring", nil))
	o.Real, o.List = true, objects(t, "of-every-monitor.yaml")
	if _, err := o.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	set, err := o.Client.AppsV1().StatefulSets("monitoring").Get(t.Context(), "prometheus-p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	template, err := yaml.Marshal(set.Spec.Template)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "pod.golden.yaml")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, template, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(template)); diff != "" {
		t.Error(diff)
	}
}
