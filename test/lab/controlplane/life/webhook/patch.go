package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// Patcher puts the caBundle into webhook configurations and conversions, some time after the webhook's pods have become ready, and makes
// Istio's validation strict, as istiod does when it answers.
type Patcher struct {
	Client kubernetes.Interface
	CRDs   apiextensions.Interface
	View   *cluster.View
	Issuer *Issuer
	// Delay is the time from the first ready endpoint to the caBundle.
	Delay time.Duration
	// Injectable tells whether there is already what cert-manager's injector is asked, by annotations, to copy. Nil takes it for given.
	Injectable func(ctx context.Context, annotations map[string]string) bool
	Logger     *slog.Logger
}

// injectableAgain is when to look again for what is not there yet; nothing tells of it.
const injectableAgain = 200 * time.Millisecond

// Sync does what is due now and returns when it is to be called again at the latest; zero when nothing is waited for.
func (p *Patcher) Sync(ctx context.Context) (time.Duration, error) {
	var round round
	for _, configuration := range p.View.Validating() {
		round.add(p.validating(ctx, configuration))
	}
	for _, configuration := range p.View.Mutating() {
		round.add(p.mutating(ctx, configuration))
	}
	for _, crd := range p.View.CRDs() {
		round.add(p.conversion(ctx, crd))
	}
	return round.next, errors.Join(round.errs...)
}

// round collects the outcome of one pass.
type round struct {
	next time.Duration
	errs []error
}

func (r *round) add(wait time.Duration, err error) {
	if wait > 0 && (r.next == 0 || wait < r.next) {
		r.next = wait
	}
	// A conflict means that the view is behind; its next change calls again.
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		r.errs = append(r.errs, err)
	}
}

func (p *Patcher) validating(ctx context.Context, have *admissionv1.ValidatingWebhookConfiguration) (time.Duration, error) {
	want := have.DeepCopy()
	wait, changed := time.Duration(0), false
	for i := range want.Webhooks {
		hook := &want.Webhooks[i]
		due, bundle := p.bundle(ctx, want.ObjectMeta, &hook.ClientConfig)
		if due != 0 {
			wait = due
			continue
		}
		if bundle != nil {
			hook.ClientConfig.CABundle, changed = bundle, true
		}
		if strict := strictPolicy(hook); strict && hook.ClientConfig.Service != nil && p.answers(hook.ClientConfig.Service) {
			fail := admissionv1.Fail
			hook.FailurePolicy, changed = &fail, true
		}
	}
	if !changed {
		return wait, nil
	}
	options := metav1.UpdateOptions{FieldManager: manager(want.ObjectMeta)}
	if _, err := p.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Update(ctx, want, options); err != nil {
		return wait, fmt.Errorf("patching ValidatingWebhookConfiguration %s: %w", want.Name, err)
	}
	p.Logger.Info("webhook usable", "kind", "ValidatingWebhookConfiguration", "name", want.Name)
	return wait, nil
}

func (p *Patcher) mutating(ctx context.Context, have *admissionv1.MutatingWebhookConfiguration) (time.Duration, error) {
	want := have.DeepCopy()
	wait, changed := time.Duration(0), false
	for i := range want.Webhooks {
		due, bundle := p.bundle(ctx, want.ObjectMeta, &want.Webhooks[i].ClientConfig)
		if due != 0 {
			wait = due
		} else if bundle != nil {
			want.Webhooks[i].ClientConfig.CABundle, changed = bundle, true
		}
	}
	if !changed {
		return wait, nil
	}
	options := metav1.UpdateOptions{FieldManager: manager(want.ObjectMeta)}
	if _, err := p.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Update(ctx, want, options); err != nil {
		return wait, fmt.Errorf("patching MutatingWebhookConfiguration %s: %w", want.Name, err)
	}
	p.Logger.Info("webhook usable", "kind", "MutatingWebhookConfiguration", "name", want.Name)
	return wait, nil
}

func (p *Patcher) conversion(ctx context.Context, have *apiextensionsv1.CustomResourceDefinition) (time.Duration, error) {
	conversion := have.Spec.Conversion
	if conversion == nil || conversion.Webhook == nil || conversion.Webhook.ClientConfig == nil {
		return 0, nil
	}
	config := conversion.Webhook.ClientConfig
	if config.Service == nil {
		return 0, nil
	}
	like := admissionv1.WebhookClientConfig{CABundle: config.CABundle, Service: &admissionv1.ServiceReference{
		Namespace: config.Service.Namespace, Name: config.Service.Name, Port: config.Service.Port,
	}}
	due, bundle := p.bundle(ctx, have.ObjectMeta, &like)
	if due != 0 || bundle == nil {
		return due, nil
	}
	// The view has no schemas, so the definition is read again.
	want, err := p.CRDs.ApiextensionsV1().CustomResourceDefinitions().Get(ctx, have.Name, metav1.GetOptions{})
	if err != nil {
		return 0, fmt.Errorf("reading CustomResourceDefinition %s: %w", have.Name, err)
	}
	if c := want.Spec.Conversion; c == nil || c.Webhook == nil || c.Webhook.ClientConfig == nil {
		return 0, nil
	}
	want.Spec.Conversion.Webhook.ClientConfig.CABundle = bundle
	options := metav1.UpdateOptions{FieldManager: manager(want.ObjectMeta)}
	if _, err := p.CRDs.ApiextensionsV1().CustomResourceDefinitions().Update(ctx, want, options); err != nil {
		return 0, fmt.Errorf("patching CustomResourceDefinition %s: %w", have.Name, err)
	}
	p.Logger.Info("conversion usable", "name", have.Name)
	return 0, nil
}

// bundle tells how long the caBundle of a client configuration has to wait yet (0: not at all, or nothing to wait for), and what it should
// be if that is not what it is.
func (p *Patcher) bundle(ctx context.Context, meta metav1.ObjectMeta, config *admissionv1.WebhookClientConfig) (time.Duration, []byte) {
	if config.Service == nil || meta.DeletionTimestamp != nil {
		return 0, nil
	}
	wanted := p.Issuer.Bundle()
	if bytes.Equal(config.CABundle, wanted) || len(config.CABundle) > 0 && !p.Issuer.Own(config.CABundle) {
		return 0, nil
	}
	since, ready := p.View.ClaimReadySince(cluster.ClaimOf(config.Service))
	if !ready {
		return 0, nil
	}
	if injected(meta) {
		// cert-manager's injector does it, so it must run, and its time counts as well as the webhook's.
		injector, ready := p.injectorReadySince()
		switch {
		case !ready:
			return 0, nil
		case p.Injectable != nil && !p.Injectable(ctx, meta.Annotations):
			return injectableAgain, nil
		}
		since = later(since, injector)
	}
	if wait := time.Until(since.Add(p.Delay)); wait > 0 {
		return wait, nil
	}
	return 0, wanted
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// answers tells whether a webhook has been answering for long enough to have changed its own configuration.
func (p *Patcher) answers(service *admissionv1.ServiceReference) bool {
	since, ready := p.View.ClaimReadySince(cluster.ClaimOf(service))
	return ready && time.Since(since) >= p.Delay
}

func (p *Patcher) injectorReadySince() (time.Time, bool) {
	for _, pod := range p.View.Pods() {
		if pod.Labels["app.kubernetes.io/component"] != "cainjector" && pod.Labels["app"] != "cainjector" {
			continue
		}
		if since, ready := p.View.ReadySince(pod); ready {
			return since, true
		}
	}
	return time.Time{}, false
}

// injected tells whether cert-manager is asked to fill in the caBundle.
func injected(meta metav1.ObjectMeta) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(meta.Annotations)), func(key string) bool {
		return strings.HasPrefix(key, "cert-manager.io/inject-")
	})
}

// strictPolicy tells whether this is a webhook of Istio that istiod changes from Ignore to Fail once it answers
// (istio:pkg/webhooks/validation/controller/controller.go).
func strictPolicy(hook *admissionv1.ValidatingWebhook) bool {
	istio := hook.Name == "validation.istio.io" || hook.Name == "rev.validation.istio.io"
	return istio && hook.FailurePolicy != nil && *hook.FailurePolicy == admissionv1.Ignore
}

// manager is the field manager under which the real controller would have made the change.
func manager(meta metav1.ObjectMeta) string {
	switch {
	case injected(meta):
		return "cainjector"
	case meta.Labels["app"] == "istiod" || meta.Labels["app"] == "sidecar-injector" || meta.Labels["app.kubernetes.io/name"] == "istiod":
		return "pilot-discovery"
	case meta.Labels["app.kubernetes.io/name"] == "metallb" || strings.HasSuffix(meta.Name, ".metallb.io"):
		return "controller"
	}
	return "manager"
}

// Foreign returns the caBundles that a claim's configurations carry and that are not of this lab: the chart brought its own authority, and
// the pod serves with the Secret that the chart mounted.
func (p *Patcher) Foreign(wanted cluster.Claim) [][]byte {
	var bundles [][]byte
	add := func(config admissionv1.WebhookClientConfig) {
		if config.Service != nil && cluster.ClaimOf(config.Service) == wanted && len(config.CABundle) > 0 && !p.Issuer.Own(config.CABundle) {
			bundles = append(bundles, config.CABundle)
		}
	}
	for _, configuration := range p.View.Validating() {
		for _, hook := range configuration.Webhooks {
			add(hook.ClientConfig)
		}
	}
	for _, configuration := range p.View.Mutating() {
		for _, hook := range configuration.Webhooks {
			add(hook.ClientConfig)
		}
	}
	return bundles
}

// Mounted returns the names of the Secrets that a pod mounts.
func Mounted(pod *corev1.Pod) []string {
	var names []string
	for _, volume := range pod.Spec.Volumes {
		if volume.Secret != nil {
			names = append(names, volume.Secret.SecretName)
		}
	}
	return names
}
