package certmanager

import (
	"context"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

const (
	fromSecret      = "cert-manager.io/inject-ca-from-secret"
	fromCertificate = "cert-manager.io/inject-ca-from"
	// direct is what a Secret says that lets the injector copy its authority (cert-manager:pkg/apis/certmanager/v1/types.go).
	direct = "cert-manager.io/allow-direct-injection"
)

// Sources tells cert-manager's injector whether what it is asked to copy is there.
type Sources struct {
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
}

// Has tells whether the source that annotations name has an authority. Annotations that name none are content.
func (s Sources) Has(ctx context.Context, annotations map[string]string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if name := annotations[fromSecret]; name != "" {
		secret := s.secret(ctx, name)
		return secret != nil && secret.Annotations[direct] == "true" && len(secret.Data["ca.crt"]) > 0
	}
	if name := annotations[fromCertificate]; name != "" {
		namespace, certificate, _ := strings.Cut(name, "/")
		live, err := s.Dynamic.Resource(CertificateResource).Namespace(namespace).Get(ctx, certificate, metav1.GetOptions{})
		if err != nil {
			return false
		}
		secretName, _, _ := unstructured.NestedString(live.Object, "spec", "secretName")
		secret := s.secret(ctx, namespace+"/"+secretName)
		return secret != nil && len(secret.Data["ca.crt"]) > 0
	}
	return true
}

func (s Sources) secret(ctx context.Context, name string) *corev1.Secret {
	namespace, name, _ := strings.Cut(name, "/")
	secret, err := s.Client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil
	}
	return secret
}
