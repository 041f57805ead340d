// Package jobs knows what the Jobs of charts do to a cluster. Their pods run nothing in the lab, so that their deeds are done for them, when
// they are first seen: a Job is complete, and its hook over, soon after.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// Runner does the deeds of Jobs, each pod's once.
type Runner struct {
	Client kubernetes.Interface
	CRDs   apiextensions.Interface
	View   *cluster.View
	Logger *slog.Logger

	done map[types.UID]bool
	// manifests are the definitions that Jobs have made, by namespace and ConfigMap: what takes them away again may run when the
	// ConfigMap is gone.
	manifests map[string][]definition
}

// Sync does what is due; nothing is ever waited for.
func (r *Runner) Sync(ctx context.Context) (time.Duration, error) {
	if r.done == nil {
		r.done, r.manifests = map[types.UID]bool{}, map[string][]definition{}
	}
	var errs []error
	for _, pod := range r.View.Pods() {
		if r.done[pod.UID] || pod.Labels["job-name"] == "" {
			continue
		}
		if err := r.perform(ctx, pod); err != nil {
			errs = append(errs, fmt.Errorf("doing what Job %s/%s would: %w", pod.Namespace, pod.Labels["job-name"], err))
			continue
		}
		r.done[pod.UID] = true
	}
	return 0, errors.Join(errs...)
}

func (r *Runner) perform(ctx context.Context, pod *corev1.Pod) error {
	for _, container := range pod.Spec.Containers {
		options := flags(container.Args)
		var err error
		switch {
		case container.Name == "create-crds":
			err = r.createCRDs(ctx, pod)
		case container.Name == "delete-crds":
			err = r.deleteCRDs(ctx, pod)
		case len(container.Args) > 0 && container.Args[0] == "create" && options["secret-name"] != "":
			err = r.createCertificate(ctx, options)
		case len(container.Args) > 0 && container.Args[0] == "patch" && options["webhook-name"] != "":
			err = r.patchPolicy(ctx, options)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func flags(arguments []string) map[string]string {
	options := map[string]string{}
	for _, argument := range arguments {
		name, value, _ := strings.Cut(strings.TrimPrefix(argument, "--"), "=")
		options[name] = value
	}
	return options
}

// createCertificate makes the Secret that kube-webhook-certgen makes, unless it is there. The lab serves webhooks with other certificates.
func (r *Runner) createCertificate(ctx context.Context, options map[string]string) error {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: options["secret-name"], Namespace: options["namespace"]}, Data: map[string][]byte{}}
	for _, key := range []string{"ca", "cert", "key"} {
		secret.Data[key] = []byte("stand-in, the lab serves this webhook with another certificate\n")
	}
	_, err := r.Client.CoreV1().Secrets(secret.Namespace).Create(ctx, secret, metav1.CreateOptions{FieldManager: "kube-webhook-certgen"})
	if apierrors.IsAlreadyExists(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return nil
	}
	return err
}

// patchPolicy sets the failure policy of both configurations of a name, as kube-webhook-certgen does beside the caBundle, which comes when
// the webhook answers.
func (r *Runner) patchPolicy(ctx context.Context, options map[string]string) error {
	policy := options["patch-failure-policy"]
	if policy == "" {
		return nil
	}
	admission := r.Client.AdmissionregistrationV1()
	change := metav1.PatchOptions{FieldManager: "kube-webhook-certgen"}
	patch := func(hooks int) []byte {
		var operations []string
		for i := range hooks {
			operations = append(operations, fmt.Sprintf(`{"op":"replace","path":"/webhooks/%d/failurePolicy","value":%q}`, i, policy))
		}
		return []byte("[" + strings.Join(operations, ",") + "]")
	}
	var errs []error
	for _, c := range r.View.Validating() {
		if c.Name == options["webhook-name"] {
			_, err := admission.ValidatingWebhookConfigurations().Patch(ctx, c.Name, types.JSONPatchType, patch(len(c.Webhooks)), change)
			errs = append(errs, err)
		}
	}
	for _, c := range r.View.Mutating() {
		if c.Name == options["webhook-name"] {
			_, err := admission.MutatingWebhookConfigurations().Patch(ctx, c.Name, types.JSONPatchType, patch(len(c.Webhooks)), change)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
