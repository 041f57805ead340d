package life

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/egress"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

const kubeletPort = 10250

// Route implements egress.Router: kubelets of ready nodes answer, and pods that are ready at the ports that they are known to serve. The
// port of a webhook opens a while after its pod is ready, as a program that first makes its certificates does. Pods that really run answer
// for themselves: they are dialled, as whatever is not the cluster's.
func (l *Life) Route(ctx context.Context, address string) (func(net.Conn), error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, egress.ErrUnknown
	}
	port, ok := cluster.Port(portText)
	if !ok {
		return nil, egress.ErrUnknown
	}
	if node := l.view.NodeAt(host); node != nil && port == kubeletPort {
		if !ready(node) {
			return nil, egress.NoRoute(address)
		}
		return func(conn net.Conn) { l.kubelet.serve(conn, host) }, nil
	}
	pod := l.view.PodAt(host)
	if pod == nil {
		if ip, err := netip.ParseAddr(host); err == nil && l.pods.Contains(ip) {
			return nil, egress.NoRoute(address)
		}
		return nil, egress.ErrUnknown
	}
	if l.options.Containers.Real(pod) {
		return nil, egress.ErrUnknown
	}
	return l.routePod(ctx, pod, port, address)
}

func (l *Life) routePod(ctx context.Context, pod *corev1.Pod, port int32, address string) (func(net.Conn), error) {
	since, ready := l.view.ReadySince(pod)
	if !ready {
		return nil, egress.Refused(address)
	}
	claims := l.view.ClaimsAt(pod, port)
	if len(claims) == 0 {
		if !l.view.Listens(pod, port) {
			return nil, egress.Refused(address)
		}
		return func(conn net.Conn) { l.web.serve(conn, pod) }, nil
	}
	if time.Since(since) < l.options.Delay/2 {
		return nil, egress.Refused(address)
	}
	return func(conn net.Conn) {
		l.webhooks.Serve(conn, func(host string) (*tls.Certificate, error) { return l.certificate(ctx, pod, claims, host) })
	}, nil
}

// certificate is what a webhook's pod serves with: the Secret that its chart mounted, if the chart also wrote that Secret's authority into
// the configuration, else one of the lab's.
func (l *Life) certificate(ctx context.Context, pod *corev1.Pod, claims []cluster.Claim, host string) (*tls.Certificate, error) {
	for _, claim := range claims {
		if claim.Host() != host {
			continue
		}
		for _, bundle := range l.patcher.Foreign(claim) {
			if certificate := l.mounted(ctx, pod, host, bundle); certificate != nil {
				return certificate, nil
			}
		}
	}
	return l.issuer.For(host)
}

// mounted returns the certificate in one of the pod's Secrets that bundle verifies for host; nil when there is none.
func (l *Life) mounted(ctx context.Context, pod *corev1.Pod, host string, bundle []byte) *tls.Certificate {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, name := range webhook.Mounted(pod) {
		secret, err := l.client.CoreV1().Secrets(pod.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			continue
		}
		for _, keys := range [][2]string{{corev1.TLSCertKey, corev1.TLSPrivateKeyKey}, {"cert", "key"}} {
			certificate, err := tls.X509KeyPair(secret.Data[keys[0]], secret.Data[keys[1]])
			if err != nil {
				continue
			}
			if _, err := certificate.Leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots}); err == nil {
				return &certificate
			}
		}
	}
	return nil
}

func ready(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
