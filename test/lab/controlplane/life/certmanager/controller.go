package certmanager

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

// Lister returns the objects of a kind, none when the kind is not there; false while they are not known yet.
type Lister func(namespace string) ([]*unstructured.Unstructured, bool)

// Controller does what cert-manager's webhook and controller do while their pods run.
type Controller struct {
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
	View    *cluster.View
	Issuer  *webhook.Issuer
	// Certificates, Issuers and ClusterIssuers are the objects to act on.
	Certificates, Issuers, ClusterIssuers Lister
	// Delay is the time from a program's readiness to its first deed.
	Delay time.Duration
}

// again is when to look whether an issued certificate is still there; nothing tells of a Secret.
const again = 3 * time.Second

// Sync does what is due and returns when it is to be called again at the latest; zero when nothing is waited for.
func (c *Controller) Sync(ctx context.Context) (time.Duration, error) {
	wait, err := c.authority(ctx)
	if wait > 0 || err != nil {
		return wait, err
	}
	first, runs := since(c.View, running(c.View, "cert-manager", "controller"))
	if !runs {
		return 0, nil
	}
	if wait := time.Until(first.Add(c.Delay)); wait > 0 {
		return wait, nil
	}
	var errs []error
	for _, kind := range []struct {
		resource schema.GroupVersionResource
		list     Lister
	}{{IssuerResource, c.Issuers}, {ClusterIssuerResource, c.ClusterIssuers}} {
		objects, _ := kind.list("")
		for _, issuer := range objects {
			errs = append(errs, c.say(ctx, kind.resource, issuer, condition{true, "IsReady", ""}, nil))
		}
	}
	certificates, _ := c.Certificates("")
	for _, certificate := range certificates {
		errs = append(errs, c.issue(ctx, certificate))
	}
	if len(certificates) > 0 {
		wait = again
	}
	return wait, errors.Join(errs...)
}

// authority does what the webhook does first: it makes the authority of its own certificate and puts it into a Secret, from which the
// injector copies it (cert-manager:pkg/server/tls/authority/authority.go).
func (c *Controller) authority(ctx context.Context) (time.Duration, error) {
	for _, pod := range running(c.View, "webhook", "webhook") {
		name := argument(pod, "--dynamic-serving-ca-secret-name")
		at, _ := c.View.ReadySince(pod)
		if wait := time.Until(at.Add(c.Delay / 2)); wait > 0 {
			return wait, nil
		}
		if name == "" {
			continue
		}
		data := map[string][]byte{"ca.crt": c.Issuer.Bundle(), "tls.crt": c.Issuer.Bundle(), "tls.key": []byte("stand-in, the lab's authority keeps its key\n")}
		if err := c.write(ctx, pod.Namespace, name, map[string]string{direct: "true"}, data); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// issue makes a certificate's Secret, unless it is there, and says so in the certificate's status.
func (c *Controller) issue(ctx context.Context, certificate *unstructured.Unstructured) error {
	if certificate.GetDeletionTimestamp() != nil {
		return nil
	}
	spec, _, _ := unstructured.NestedMap(certificate.Object, "spec")
	secretName, _, _ := unstructured.NestedString(spec, "secretName")
	kind, issuer := issuerOf(spec)
	if !c.ready(kind, certificate.GetNamespace(), issuer) {
		return c.say(ctx, CertificateResource, certificate, condition{false, "DoesNotExist", "Issuing certificate as Secret does not exist"}, nil)
	}
	_, err := c.Client.CoreV1().Secrets(certificate.GetNamespace()).Get(ctx, secretName, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("reading Secret %s/%s: %w", certificate.GetNamespace(), secretName, err)
	}
	if apierrors.IsNotFound(err) {
		crt, key, err := c.Issuer.Issue(hosts(spec))
		if err != nil {
			return err
		}
		annotations := map[string]string{
			"cert-manager.io/certificate-name": certificate.GetName(), "cert-manager.io/issuer-name": issuer, "cert-manager.io/issuer-kind": kind,
		}
		data := map[string][]byte{corev1.TLSCertKey: crt, corev1.TLSPrivateKeyKey: key, "ca.crt": c.Issuer.Bundle()}
		if err := c.write(ctx, certificate.GetNamespace(), secretName, annotations, data); err != nil {
			return err
		}
	}
	now := time.Now().UTC().Truncate(time.Second)
	return c.say(ctx, CertificateResource, certificate, condition{true, "Ready", "Certificate is up to date and has not expired"}, map[string]any{
		"notBefore": now.Format(time.RFC3339), "notAfter": now.AddDate(0, 1, 0).Format(time.RFC3339),
		"renewalTime": now.AddDate(0, 0, 20).Format(time.RFC3339), "revision": int64(1),
	})
}

// ready tells whether an issuer is there and ready.
func (c *Controller) ready(kind, namespace, name string) bool {
	list, where := c.Issuers, namespace
	if kind == "ClusterIssuer" {
		list, where = c.ClusterIssuers, ""
	}
	objects, _ := list(where)
	for _, object := range objects {
		if object.GetName() == name && isReady(object) {
			return true
		}
	}
	return false
}

// write makes a Secret of type TLS; one that is there already stays as it is.
func (c *Controller) write(ctx context.Context, namespace, name string, annotations map[string]string, data map[string][]byte) error {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations, Labels: map[string]string{"controller.cert-manager.io/fao": "true"}},
		Type:       corev1.SecretTypeTLS, Data: data,
	}
	_, err := c.Client.CoreV1().Secrets(namespace).Create(ctx, secret, metav1.CreateOptions{FieldManager: "cert-manager-certificates-issuing"})
	if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return fmt.Errorf("making Secret %s/%s: %w", namespace, name, err)
	}
	return nil
}

// issuerOf is what a certificate's spec names; the kind is Issuer when it says none.
func issuerOf(spec map[string]any) (kind, name string) {
	kind, _, _ = unstructured.NestedString(spec, "issuerRef", "kind")
	name, _, _ = unstructured.NestedString(spec, "issuerRef", "name")
	if kind == "" {
		kind = "Issuer"
	}
	return kind, name
}

// hosts are the names that a certificate is for.
func hosts(spec map[string]any) []string {
	names, _, _ := unstructured.NestedStringSlice(spec, "dnsNames")
	if common, _, _ := unstructured.NestedString(spec, "commonName"); len(names) == 0 && common != "" {
		names = []string{common}
	}
	return names
}
