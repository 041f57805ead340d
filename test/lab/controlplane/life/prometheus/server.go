package prometheus

import (
	"fmt"
	"path"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Folders of a Prometheus pod (prometheus-operator:pkg/prometheus/common.go@v0.93.0).
const (
	storageFolder = "/prometheus"
	configFolder  = "/etc/prometheus/config"
	outFolder     = "/etc/prometheus/config_out"
	expandedFile  = outFolder + "/prometheus.env.yaml"
)

// serverSpec is what a Prometheus object says of its pods.
type serverSpec struct {
	ServiceAccountName        string                      `json:"serviceAccountName"`
	SecurityContext           *corev1.PodSecurityContext  `json:"securityContext"`
	Resources                 corev1.ResourceRequirements `json:"resources"`
	Retention                 string                      `json:"retention"`
	RetentionSize             string                      `json:"retentionSize"`
	RoutePrefix               string                      `json:"routePrefix"`
	ExternalURL               string                      `json:"externalUrl"`
	LogLevel                  string                      `json:"logLevel"`
	EnableFeatures            []string                    `json:"enableFeatures"`
	EnableAdminAPI            bool                        `json:"enableAdminAPI"`
	EnableRemoteWriteReceiver bool                        `json:"enableRemoteWriteReceiver"`
	WALCompression            *bool                       `json:"walCompression"`
	Storage                   *struct {
		Claim struct {
			Metadata metav1.ObjectMeta                `json:"metadata"`
			Spec     corev1.PersistentVolumeClaimSpec `json:"spec"`
		} `json:"volumeClaimTemplate"`
	} `json:"storage"`
}

func serverSpecOf(server *unstructured.Unstructured) (serverSpec, error) {
	s := serverSpec{Retention: "24h", RoutePrefix: "/"}
	raw, _, _ := unstructured.NestedMap(server.Object, "spec")
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &s)
	return s, err
}

// args are those that the operator gives a Prometheus 2.42 (prometheus-operator:pkg/prometheus/promcfg.go, BuildCommonPrometheusArgs, and
// server/statefulset.go, buildServerArgs@v0.93.0). The lab's, which is of today whatever version the object names, takes them too; for its own
// version the operator would leave out the consoles and have the retention in the configuration.
func (s serverSpec) args() []string {
	args := []string{
		"--config.file=" + expandedFile,
		"--web.console.templates=/etc/prometheus/consoles", "--web.console.libraries=/etc/prometheus/console_libraries", "--web.enable-lifecycle",
	}
	if s.EnableRemoteWriteReceiver {
		args = append(args, "--web.enable-remote-write-receiver")
	}
	if len(s.EnableFeatures) > 0 {
		args = append(args, "--enable-feature="+strings.Join(s.EnableFeatures, ","))
	}
	if s.ExternalURL != "" {
		args = append(args, "--web.external-url="+s.ExternalURL)
	}
	args = append(args, "--web.route-prefix="+s.RoutePrefix)
	if s.LogLevel != "" && s.LogLevel != "info" {
		args = append(args, "--log.level="+s.LogLevel)
	}
	args = append(args, "--storage.tsdb.retention.time="+s.Retention)
	if s.RetentionSize != "" {
		args = append(args, "--storage.tsdb.retention.size="+s.RetentionSize)
	}
	args = append(args, "--storage.tsdb.path="+storageFolder)
	if s.EnableAdminAPI {
		args = append(args, "--web.enable-admin-api")
	}
	if s.WALCompression != nil && !*s.WALCompression {
		args = append(args, "--no-storage.tsdb.wal-compression")
	}
	return args
}

// makeReal makes a StatefulSet one whose pods can run Prometheus.
func (w workload) makeReal(set *appsv1.StatefulSet, server *unstructured.Unstructured) error {
	s, err := serverSpecOf(server)
	if err != nil {
		return fmt.Errorf("reading Prometheus %s/%s: %w", w.namespace, w.name, err)
	}
	set.Spec.VolumeClaimTemplates = w.claims(s)
	w.equip(&set.Spec.Template, s)
	return nil
}

// equip makes a pod's template one that runs: arguments, volumes, probes, and the reloader that expands the configuration before Prometheus
// starts and watches it afterwards (prometheus-operator:pkg/prometheus/server/statefulset.go@v0.93.0). The web configuration and the TLS
// assets are left out: both are empty here.
func (w workload) equip(template *corev1.PodTemplateSpec, s serverSpec) {
	pod := &template.Spec
	pod.ServiceAccountName, pod.SecurityContext = s.ServiceAccountName, s.SecurityContext
	grace := int64(600)
	pod.TerminationGracePeriodSeconds = &grace
	pod.Volumes = append(
		pod.Volumes,
		corev1.Volume{Name: "config", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: w.setName()}}},
		corev1.Volume{Name: "config-out", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
	)
	if s.Storage == nil {
		pod.Volumes = append(pod.Volumes, corev1.Volume{Name: w.volume(s), VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	server := &pod.Containers[0]
	server.Args, server.Resources, server.SecurityContext = s.args(), s.Resources, locked()
	server.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	server.VolumeMounts = []corev1.VolumeMount{
		{Name: "config-out", ReadOnly: true, MountPath: outFolder}, {Name: w.volume(s), MountPath: storageFolder, SubPath: w.subPath(s)},
	}
	server.StartupProbe = probe(s, "/-/ready", w.portName, 15, 60)
	server.ReadinessProbe = probe(s, "/-/ready", w.portName, 5, 3)
	server.LivenessProbe = probe(s, "/-/healthy", w.portName, 5, 6)
	pod.InitContainers = []corev1.Container{w.reloaderContainer("init-config-reloader", "reloader-init", 8081, "--watch-interval=0", "--listen-address=:8081")}
	pod.Containers[1] = w.reloaderContainer("config-reloader", "reloader-web", 8080,
		"--listen-address=:8080", "--reload-url=http://127.0.0.1:9090"+path.Clean(s.RoutePrefix+"/-/reload"))
}

func probe(s serverSpec, at, port string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: path.Clean(s.RoutePrefix + at), Port: intstr.FromString(port)},
		},
		TimeoutSeconds: 3, PeriodSeconds: period, FailureThreshold: failures,
	}
}

// reloaderContainer is prometheus-operator:pkg/operator/config_reloader.go@v0.93.0, CreateConfigReloader, without resources, which the chart
// takes away (--config-reloader-cpu-limit=0).
func (w workload) reloaderContainer(name, portName string, port int32, args ...string) corev1.Container {
	return corev1.Container{
		Name: name, Image: w.reloader, Command: []string{"/bin/prometheus-config-reloader"},
		Args: append(args,
			"--config-file="+configFolder+"/"+configFile, "--config-envsubst-file="+expandedFile, "--watched-dir="+configFolder),
		Env: []corev1.EnvVar{
			{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
			{Name: "SHARD", Value: "0"},
		},
		Ports:           []corev1.ContainerPort{{Name: portName, ContainerPort: port, Protocol: corev1.ProtocolTCP}},
		VolumeMounts:    []corev1.VolumeMount{{Name: "config", MountPath: configFolder}, {Name: "config-out", MountPath: outFolder}},
		SecurityContext: locked(), TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
}

// locked is the security context of every container that the operator makes.
func locked() *corev1.SecurityContext {
	no, yes := false, true
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no, ReadOnlyRootFilesystem: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

// volume is the name of the volume of the data: that of the claim, or one of the object's own.
func (w workload) volume(s serverSpec) string {
	if s.Storage != nil && s.Storage.Claim.Metadata.Name != "" {
		return s.Storage.Claim.Metadata.Name
	}
	return w.setName() + "-db"
}

func (w workload) subPath(s serverSpec) string {
	if s.Storage == nil {
		return ""
	}
	return "prometheus-db"
}

// claims are the claims of a set whose object asks for storage.
func (w workload) claims(s serverSpec) []corev1.PersistentVolumeClaim {
	if s.Storage == nil {
		return nil
	}
	spec := s.Storage.Claim.Spec
	if len(spec.AccessModes) == 0 {
		spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	}
	return []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: w.volume(s)}, Spec: spec}}
}
