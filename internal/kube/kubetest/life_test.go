package kubetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// TestShared_WebhookComesUpLate sees what a user sees who applies an object right after the chart whose webhook checks it.
func TestShared_WebhookComesUpLate(t *testing.T) {
	t.Parallel()
	cluster := shared.Get(t)
	client := connect(t, cluster)
	namespace := cluster.Namespace(t)
	hook := webhook(namespace)
	if _, err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(t.Context(), hook, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(ctx, hook.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "hook"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "hook"}, Ports: []corev1.ServicePort{{Port: 443, TargetPort: intstr.FromInt32(9443)}},
		},
	}
	if _, err := client.CoreV1().Services(namespace).Create(t.Context(), service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	phases := []string{checked(t, client, namespace)}
	deploy(t, client, namespace, "hook")
	options := wait.Options{For: "the webhook", Timeout: time.Minute, Interval: startPoll, MaxInterval: startPoll}
	err := wait.Until(t.Context(), options, func(context.Context) error {
		phase := checked(t, client, namespace)
		if !slices.Contains(phases, phase) {
			phases = append(phases, phase)
		}
		if phase != "" {
			return wait.Pending(phase)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(phases[0], "no endpoints available for service") && !strings.Contains(phases[0], "not found") {
		t.Errorf("before its pods: %q", phases[0])
	}
	if !slices.ContainsFunc(phases, func(phase string) bool {
		return strings.Contains(phase, "connection refused") || strings.Contains(phase, "x509: certificate signed by unknown authority")
	}) {
		t.Errorf("no phase in which it starts among %q", phases)
	}
	live, err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(t.Context(), hook.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(live.Webhooks[0].ClientConfig.CABundle) == 0 {
		t.Error("the configuration has no caBundle")
	}
}

// checked asks the webhook by creating something without storing it; it returns the error's text.
func checked(t *testing.T, client kubernetes.Interface, namespace string) string {
	t.Helper()
	thing := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "thing"}}
	_, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), thing, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestShared_ShowsLogsOfSimulatedPods(t *testing.T) {
	t.Parallel()
	cluster := shared.Get(t)
	client := connect(t, cluster)
	namespace := cluster.Namespace(t)
	deploy(t, client, namespace, "web")
	options := wait.Options{For: "a log", Timeout: time.Minute, Interval: startPoll}
	err := wait.Until(t.Context(), options, func(ctx context.Context) error {
		pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(pods.Items) == 0 || pods.Items[0].Status.Phase != corev1.PodRunning {
			return wait.Pending("no pod runs")
		}
		log, err := client.CoreV1().Pods(namespace).GetLogs(pods.Items[0].Name, &corev1.PodLogOptions{}).DoRaw(ctx)
		if err != nil {
			return err
		}
		if want := "stand-in for example.test/web:1 started\n"; string(log) != want {
			t.Errorf("log %q, want %q", log, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, cluster *Cluster) kubernetes.Interface {
	t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig(cluster.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1 // no client-side throttling between the polls
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func deploy(t *testing.T, client kubernetes.Interface, namespace, name string) {
	t.Helper()
	labels := map[string]string{"app": name}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: "example.test/" + name + ":1"}}},
		}},
	}
	if _, err := client.AppsV1().Deployments(namespace).Create(t.Context(), deployment, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// webhook checks every ConfigMap of a namespace.
func webhook(namespace string) *admissionv1.ValidatingWebhookConfiguration {
	fail, none, path := admissionv1.Fail, admissionv1.SideEffectClassNone, "/validate"
	return &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "hook-" + namespace},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "hook.example.test", FailurePolicy: &fail, SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
			ClientConfig:      admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: namespace, Name: "hook", Path: &path}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}},
		}},
	}
}
