package istio

import (
	"cmp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/istio/discovery"
)

// The containers below are those of Istio's templates as far as the lab's proxy needs them: it has no certificates, so their volumes are
// left out (istio:manifests/charts/istio-control/istio-discovery/files/{injection-template,gateway-injection-template}.yaml, 1.17.1 and 1.30.3).

// proxyUser is Istio's user and group, which the rules of capture leave alone.
const proxyUser int64 = 1337

const (
	healthPort = 15021
	statsPort  = 15090
	// probesSince is the minor version since which a proxy's readiness is looked at less often (istio:manifests/charts/.../values.yaml, 1.20).
	probesSince = 20
)

// setup leads the pod's connections through the proxy before anything else runs in it.
func (t template) setup(pod *corev1.Pod) corev1.Container {
	traffic := func(name string) string { return pod.Annotations["traffic.sidecar.istio.io/"+name] }
	excluded := "15090,15021,15020"
	if more := traffic("excludeInboundPorts"); more != "" {
		excluded += "," + more
	}
	args := []string{
		"istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", cmp.Or(traffic("includeOutboundIPRanges"), "*"),
		"-x", traffic("excludeOutboundIPRanges"), "-b", cmp.Or(traffic("includeInboundPorts"), "*"), "-d", excluded,
	}
	if ports := traffic("includeOutboundPorts"); ports != "" {
		args = append(args, "-q", ports)
	}
	if ports := traffic("excludeOutboundPorts"); ports != "" {
		args = append(args, "-o", ports)
	}
	return corev1.Container{
		Name: "istio-init", Image: t.image, Args: append(args, "--log_output_level=default:info"),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false), Privileged: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(false),
			RunAsUser: ptr.To[int64](0), RunAsGroup: ptr.To[int64](0), RunAsNonRoot: ptr.To(false),
			Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"NET_ADMIN", "NET_RAW"}, Drop: []corev1.Capability{"ALL"}},
		},
	}
}

// sidecar is the proxy of a workload.
func (t template) sidecar(pod *corev1.Pod) corev1.Container {
	return corev1.Container{
		Name: proxyContainer, Image: t.image, Args: []string{"proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"},
		Env: t.environment(pod), Ports: statsPorts(), ReadinessProbe: t.readiness(),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false), Privileged: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true), RunAsNonRoot: ptr.To(true),
			RunAsUser: ptr.To(proxyUser), RunAsGroup: ptr.To(proxyUser), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

// gateway is the proxy of a gateway; most of its securityContext is the chart's.
func (t template) gateway(pod *corev1.Pod) corev1.Container {
	return corev1.Container{
		Name: proxyContainer, Image: t.image, Args: []string{"proxy", "router", "--domain", "$(POD_NAMESPACE).svc.cluster.local"},
		Env: t.environment(pod), Ports: statsPorts(), ReadinessProbe: t.readiness(),
		SecurityContext: &corev1.SecurityContext{RunAsUser: ptr.To(proxyUser), RunAsGroup: ptr.To(proxyUser)},
	}
}

func statsPorts() []corev1.ContainerPort {
	return []corev1.ContainerPort{{Name: "http-envoy-prom", ContainerPort: statsPort, Protocol: corev1.ProtocolTCP}}
}

// environment is what a proxy finds out who and where it is from. LAB_DISCOVERY is the lab's own: where Istio's proxies ask istiod's
// Service, the lab's ask a node, because the pod of istiod is simulated.
func (t template) environment(pod *corev1.Pod) []corev1.EnvVar {
	field := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}}
	}
	var names []string
	for _, container := range pod.Spec.Containers {
		if container.Name != proxyContainer {
			names = append(names, container.Name)
		}
	}
	return []corev1.EnvVar{
		field("POD_NAME", "metadata.name"), field("POD_NAMESPACE", "metadata.namespace"), field("INSTANCE_IP", "status.podIP"),
		field("SERVICE_ACCOUNT", "spec.serviceAccountName"), field("HOST_IP", "status.hostIP"),
		{Name: "PROXY_CONFIG", Value: t.settings},
		{Name: "ISTIO_META_APP_CONTAINERS", Value: strings.Join(names, ",")},
		{Name: "LAB_DISCOVERY", Value: t.discovery},
	}
}

func (t template) readiness() *corev1.Probe {
	if minor := discovery.Minor(t.image); minor >= 0 && minor < probesSince {
		return probe(1, 2, 30)
	}
	return probe(0, 15, 4)
}

func probe(delay, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: "/healthz/ready", Port: intstr.FromInt32(healthPort), Scheme: corev1.URISchemeHTTP,
		}},
		InitialDelaySeconds: delay, PeriodSeconds: period, TimeoutSeconds: 3, FailureThreshold: failures,
	}
}
