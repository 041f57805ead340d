package kubetest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

var shared Shared

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

func TestShared_RunsPods(t *testing.T) {
	t.Parallel()
	cluster := shared.Get(t)
	if again := shared.Get(t); again != cluster {
		t.Error("Get started a second control plane")
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != cluster.URL {
		t.Errorf("kubeconfig speaks to %s, the cluster says %s", config.Host, cluster.URL)
	}
	client := kubernetes.NewForConfigOrDie(config)
	pods := client.CoreV1().Pods(cluster.Namespace(t))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx"}}},
	}
	if _, err := pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	options := wait.Options{For: "the pod", Timeout: 30 * time.Second, Interval: startPoll}
	err = wait.Until(t.Context(), options, func(ctx context.Context) error {
		live, err := pods.Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if live.Status.Phase != corev1.PodRunning {
			return wait.Pendingf("phase %s", live.Status.Phase)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestStart_LeavesNothingRunning(t *testing.T) {
	t.Parallel()
	var process *process
	t.Run("while the test runs", func(t *testing.T) {
		process = Start(t).process
		select {
		case <-process.ended:
			t.Fatal("the control plane has ended")
		default:
		}
	})
	if process == nil {
		t.SkipNow()
	}
	select {
	case <-process.ended:
	default:
		t.Error("the control plane outlived its test")
	}
}

func TestBinary(t *testing.T) {
	t.Run("the environment wins", func(t *testing.T) {
		path := t.TempDir() + "/cp"
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("LAB_CONTROLPLANE", path)
		if got, err := binary(); err != nil || got != path {
			t.Errorf("binary() = %q, %v", got, err)
		}
	})
	t.Run("the newest of the cache", func(t *testing.T) {
		cache := t.TempDir()
		t.Setenv("LAB_CONTROLPLANE", "")
		t.Setenv("LAB_CACHE", cache)
		for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "new": time.Hour, "older": 3 * time.Hour} {
			dir := cache + "/controlplane-" + name
			if err := os.Mkdir(dir, 0o750); err != nil {
				t.Fatal(err)
			}
			file := dir + "/lab-controlplane"
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			when := time.Now().Add(-age)
			if err := os.Chtimes(file, when, when); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := binary(); err != nil || got != cache+"/controlplane-new/lab-controlplane" {
			t.Errorf("binary() = %q, %v", got, err)
		}
	})
	t.Run("none", func(t *testing.T) {
		t.Setenv("LAB_CONTROLPLANE", "")
		t.Setenv("LAB_CACHE", t.TempDir())
		if got, err := binary(); err != errNoBinary { //nolint:errorlint // the very value
			t.Errorf("binary() = %q, %v", got, err)
		}
	})
}

func TestOlderKubernetes(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("LAB_CACHE", cache)
	t.Setenv("LAB_KUBERNETES", "")
	if got, err := olderKubernetes(); err != nil || got != "" {
		t.Errorf("none asked for: %q, %v", got, err)
	}
	t.Setenv("LAB_KUBERNETES", "1.24")
	if got, err := olderKubernetes(); err != errNoKubernetes { //nolint:errorlint // the very value
		t.Errorf("not built: %q, %v", got, err)
	}
	want := cache + "/kubernetes-1.24-0/lab-kubernetes"
	if err := os.Mkdir(filepath.Dir(want), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(want, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := olderKubernetes(); err != nil || got != want {
		t.Errorf("built: %q, %v", got, err)
	}
}
