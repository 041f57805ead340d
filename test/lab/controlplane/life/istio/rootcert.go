package istio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// rootCertName is the ConfigMap that istiod writes into every namespace.
const rootCertName = "istio-ca-root-cert"

// systemNamespaces are the ones that istiod leaves alone (istio:pkg/config/analysis/analyzers/util/in_cluster.go, IsSystemNamespace).
var systemNamespaces = []string{"kube-system", "kube-public", "kube-node-lease", "local-path-storage"}

// RootCerts writes istiod's root certificate into every namespace while istiod runs.
type RootCerts struct {
	Client kubernetes.Interface
	View   *cluster.View
	// Bundle is the certificate.
	Bundle []byte
	Delay  time.Duration

	written map[types.UID]bool
}

// Sync does what is due and returns when it is to be called again at the latest; zero when nothing is waited for.
func (r *RootCerts) Sync(ctx context.Context) (time.Duration, error) {
	since, running := r.istiodSince()
	if !running {
		r.written = nil
		return 0, nil
	}
	if wait := time.Until(since.Add(r.Delay)); wait > 0 {
		return wait, nil
	}
	if r.written == nil {
		r.written = map[types.UID]bool{}
	}
	var errs []error
	for _, namespace := range r.View.Namespaces() {
		if r.written[namespace.UID] || namespace.Status.Phase != corev1.NamespaceActive || slices.Contains(systemNamespaces, namespace.Name) {
			continue
		}
		if err := r.write(ctx, namespace.Name); err != nil {
			errs = append(errs, err)
			continue
		}
		r.written[namespace.UID] = true
	}
	return 0, errors.Join(errs...)
}

func (r *RootCerts) istiodSince() (time.Time, bool) {
	for _, pod := range r.View.Pods() {
		if pod.Labels["app"] != "istiod" {
			continue
		}
		if since, ready := r.View.ReadySince(pod); ready {
			return since, true
		}
	}
	return time.Time{}, false
}

func (r *RootCerts) write(ctx context.Context, namespace string) error {
	wanted := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: rootCertName, Namespace: namespace, Labels: map[string]string{"istio.io/config": "true"}},
		Data:       map[string]string{"root-cert.pem": string(r.Bundle)},
	}
	options := metav1.CreateOptions{FieldManager: "pilot-discovery"}
	_, err := r.Client.CoreV1().ConfigMaps(namespace).Create(ctx, wanted, options)
	if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return fmt.Errorf("writing %s/%s: %w", namespace, rootCertName, err)
	}
	return nil
}
