package kubelet

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/stages"
)

func TestKubelet_Logs(t *testing.T) {
	t.Parallel()
	running := corev1.ContainerStatus{Name: "web", Image: "nginx", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	waiting := corev1.ContainerStatus{Name: "web", Image: "auto", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}
	crashed := corev1.ContainerStatus{Name: "web", Image: "nginx", RestartCount: 3, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}
	cases := map[string]struct {
		status      corev1.ContainerStatus
		annotations map[string]string
		path        string
		code        int
		want        string
	}{
		"a container":               {running, nil, "/containerLogs/default/web/web", http.StatusOK, "stand-in for nginx started\n"},
		"a container that has said": {running, map[string]string{LogAnnotation: "one\ntwo\nthree"}, "/containerLogs/default/web/web?tailLines=2", http.StatusOK, "two\nthree\n"},
		"a container that crashed": {
			crashed,
			map[string]string{stages.BehaviourAnnotation: stages.BehaviourCrash},
			"/containerLogs/default/web/web?tailLines=1", http.StatusOK,
			"fatal: this pod was asked to crash\n",
		},
		"a container without image": {
			waiting, nil, "/containerLogs/default/web/web", http.StatusBadRequest,
			"container \"web\" in pod \"web\" is waiting to start: trying and failing to pull image\n",
		},
		"no such container": {running, nil, "/containerLogs/default/web/db", http.StatusBadRequest, "container \"db\" in pod \"web\" is not available\n"},
		"no such pod":       {running, nil, "/containerLogs/default/db/db", http.StatusNotFound, "pod \"db\" does not exist\n"},
		"a command":         {running, nil, "/exec/default/web/web", http.StatusNotImplemented, "/exec/default/web/web is not simulated\n"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default", Annotations: test.annotations},
				Status:     corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{test.status}},
			}
			view, err := cluster.New(fake.NewClientset(pod), crdfake.NewClientset())
			if err != nil {
				t.Fatal(err)
			}
			if err := view.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			recorder := httptest.NewRecorder()
			kubelet := &Kubelet{View: view, Logger: slog.New(slog.DiscardHandler)}
			kubelet.Handler().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, test.path, nil))
			if recorder.Code != test.code || recorder.Body.String() != test.want {
				t.Errorf("%d %q, want %d %q", recorder.Code, recorder.Body, test.code, test.want)
			}
		})
	}
}
