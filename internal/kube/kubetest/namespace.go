package kubetest

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// namespaceLimit bounds the wait for a new namespace's service account.
const namespaceLimit = 30 * time.Second

// Namespace makes a namespace with a name of its own, in which pods can be created, and asks for its deletion when the test ends. It
// does not wait for the deletion, so that a finalizer that a test left behind costs nobody time.
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig(c.Kubeconfig)
	if err != nil {
		t.Fatalf("reading the kubeconfig: %v", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	wanted := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	made, err := client.CoreV1().Namespaces().Create(t.Context(), wanted, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("making a namespace: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), namespaceLimit)
		defer cancel()
		if err := client.CoreV1().Namespaces().Delete(ctx, made.Name, metav1.DeleteOptions{}); err != nil && !errors.IsNotFound(err) {
			t.Errorf("deleting namespace %s: %v", made.Name, err)
		}
	})
	options := wait.Options{For: "the service account of " + made.Name, Timeout: namespaceLimit, Interval: startPoll, MaxInterval: startPoll}
	err = wait.Until(t.Context(), options, func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts(made.Name).Get(ctx, "default", metav1.GetOptions{})
		if errors.IsNotFound(err) {
			return wait.Pending("absent")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.Name
}
