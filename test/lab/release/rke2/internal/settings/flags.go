package settings

import "strings"

// kind says how often a flag may be given and how its value is read.
type kind int

const (
	text kind = iota
	number
	boolean
	duration
	list
)

// flag is one command line flag, which is at the same time one key of config.yaml.
type flag struct {
	name     string
	alias    string
	env      []string
	kind     kind
	fallback string
	// since names the first releases that know the flag, one for each minor that got it later; empty means all.
	since []string
}

// nodeFlags are the flags that server and agent share.
// Source: rancher/rke2 pkg/cli/cmds/{server,agent,root}.go at v1.36.4.
var nodeFlags = []flag{
	{name: "config", alias: "c", env: []string{"RKE2_CONFIG_FILE"}, fallback: DefaultConfigFile},
	{name: "debug", env: []string{"RKE2_DEBUG"}, kind: boolean},
	{name: "data-dir", alias: "d", env: []string{"RKE2_DATA_DIR"}, fallback: "/var/lib/rancher/rke2"},
	{name: "token", alias: "t", env: []string{"RKE2_TOKEN"}},
	{name: "token-file", env: []string{"RKE2_TOKEN_FILE"}},
	{name: "server", alias: "s", env: []string{"RKE2_URL"}},
	{name: "bind-address"},
	{name: "node-name", env: []string{"RKE2_NODE_NAME"}},
	{name: "with-node-id", kind: boolean, since: []string{"v1.24.14", "v1.25.10", "v1.26.5", "v1.27.2"}},
	{name: "node-label", kind: list},
	{name: "node-taint", kind: list},
	{name: "node-ip", alias: "i", kind: list},
	{name: "node-external-ip", kind: list},
	{name: "node-internal-dns", kind: list, since: []string{"v1.32.0"}},
	{name: "node-external-dns", kind: list, since: []string{"v1.32.0"}},
	{name: "image-credential-provider-bin-dir"},
	{name: "image-credential-provider-config"},
	{name: "container-runtime-endpoint"},
	{name: "disable-default-registry-endpoint", kind: boolean, since: []string{"v1.27.14", "v1.28.10", "v1.29.5", "v1.30.1"}},
	{name: "nonroot-devices", kind: boolean, since: []string{"v1.31.0"}},
	{name: "default-runtime", since: []string{"v1.26.12", "v1.27.9", "v1.28.5", "v1.29.0"}},
	{name: "private-registry", fallback: "/etc/rancher/rke2/registries.yaml"},
	{name: "system-default-registry", env: []string{"RKE2_SYSTEM_DEFAULT_REGISTRY"}},
	{name: "airgap-extra-registry", kind: list},
	{name: "resolv-conf", env: []string{"RKE2_RESOLV_CONF"}},
	{name: "kubelet-arg", kind: list},
	{name: "kube-proxy-arg", kind: list},
	{name: "protect-kernel-defaults", kind: boolean},
	{name: "snapshotter", fallback: "overlayfs"},
	{name: "selinux", env: []string{"RKE2_SELINUX"}, kind: boolean},
	{name: "lb-server-port", env: []string{"RKE2_LB_SERVER_PORT"}, kind: number, fallback: "6444"},
	{name: "enable-pprof", kind: boolean},
	{name: "v", kind: number},
	{name: "vmodule"},
	{name: "log"},
	{name: "alsologtostderr", kind: boolean},
	{name: "kube-apiserver-image"},
	{name: "kube-controller-manager-image"},
	{name: "cloud-controller-manager-image"},
	{name: "kube-proxy-image"},
	{name: "kube-scheduler-image"},
	{name: "pause-image"},
	{name: "runtime-image"},
	{name: "etcd-image"},
	{name: "kubelet-path"},
	{name: "cloud-provider-name"},
	{name: "cloud-provider-config"},
	{name: "node-name-from-cloud-provider-metadata", kind: boolean, since: []string{"v1.29.11", "v1.30.7", "v1.31.3", "v1.32.0"}},
	{name: "profile", env: []string{"RKE2_CIS_PROFILE"}},
	{name: "audit-policy-file", env: []string{"RKE2_AUDIT_POLICY_FILE"}},
	{name: "pod-security-admission-config-file", env: []string{"RKE2_POD_SECURITY_ADMISSION_CONFIG_FILE"}, since: []string{"v1.25.0"}},
	{name: "control-plane-resource-requests", kind: list},
	{name: "control-plane-resource-limits", kind: list},
	{name: "control-plane-probe-configuration", kind: list},
}

// serverFlags are the flags of `rke2 server` alone.
var serverFlags = []flag{
	{name: "advertise-address"},
	{name: "tls-san", kind: list},
	{name: "tls-san-security", kind: boolean, fallback: "true", since: []string{"v1.25.14", "v1.26.9", "v1.27.6", "v1.28.2"}},
	{name: "disable-agent", kind: boolean},
	{name: "cluster-cidr", kind: list},
	{name: "service-cidr", kind: list},
	{name: "service-node-port-range", fallback: "30000-32767"},
	{name: "cluster-dns", kind: list},
	{name: "cluster-domain", fallback: "cluster.local"},
	{name: "cluster-reset", env: []string{"RKE2_CLUSTER_RESET"}, kind: boolean},
	{name: "cluster-reset-restore-path"},
	{name: "write-kubeconfig", alias: "o", env: []string{"RKE2_KUBECONFIG_OUTPUT"}},
	{name: "write-kubeconfig-mode", env: []string{"RKE2_KUBECONFIG_MODE"}},
	{name: "write-kubeconfig-group", env: []string{"RKE2_KUBECONFIG_GROUP"}, since: []string{"v1.28.9", "v1.29.4", "v1.30.0"}},
	{name: "write-kubeconfig-name", env: []string{"RKE2_KUBECONFIG_NAME"}, since: []string{"v1.36.0"}},
	{name: "agent-token", env: []string{"RKE2_AGENT_TOKEN"}},
	{name: "agent-token-file", env: []string{"RKE2_AGENT_TOKEN_FILE"}},
	{name: "datastore-endpoint", since: []string{"v1.27.13", "v1.28.9", "v1.29.4", "v1.30.0"}},
	{name: "datastore-cafile", since: []string{"v1.27.13", "v1.28.9", "v1.29.4", "v1.30.0"}},
	{name: "datastore-certfile", since: []string{"v1.27.13", "v1.28.9", "v1.29.4", "v1.30.0"}},
	{name: "datastore-keyfile", since: []string{"v1.27.13", "v1.28.9", "v1.29.4", "v1.30.0"}},
	{name: "disable", kind: list},
	{name: "disable-scheduler", kind: boolean},
	{name: "disable-cloud-controller", kind: boolean},
	{name: "disable-kube-proxy", kind: boolean},
	{name: "disable-apiserver", kind: boolean},
	{name: "disable-controller-manager", kind: boolean},
	{name: "disable-etcd", kind: boolean},
	{name: "etcd-disable-snapshots", kind: boolean},
	{name: "etcd-snapshot-name", fallback: "etcd-snapshot"},
	{name: "etcd-snapshot-schedule-cron", fallback: "0 */12 * * *"},
	{name: "etcd-snapshot-reconcile-interval", kind: duration, fallback: "10m", since: []string{"v1.29.12", "v1.30.8", "v1.31.4", "v1.32.0"}},
	{name: "etcd-snapshot-retention", kind: number, fallback: "5"},
	{name: "etcd-snapshot-dir"},
	{name: "etcd-snapshot-compress", kind: boolean},
	{name: "etcd-expose-metrics", kind: boolean},
	{name: "etcd-s3", kind: boolean},
	{name: "etcd-s3-access-key"},
	{name: "etcd-s3-bucket"},
	{name: "etcd-s3-bucket-lookup-type", since: []string{"v1.30.13", "v1.31.9", "v1.32.5", "v1.33.1", "v1.34.1"}},
	{name: "etcd-s3-config-secret", since: []string{"v1.27.16", "v1.28.12", "v1.29.7", "v1.30.3"}},
	{name: "etcd-s3-endpoint"},
	{name: "etcd-s3-endpoint-ca"},
	{name: "etcd-s3-folder"},
	{name: "etcd-s3-insecure", kind: boolean},
	{name: "etcd-s3-proxy", since: []string{"v1.27.16", "v1.28.12", "v1.29.7", "v1.30.3"}},
	{name: "etcd-s3-region"},
	{name: "etcd-s3-secret-key"},
	{name: "etcd-s3-session-token", since: []string{"v1.29.14", "v1.30.10", "v1.31.6", "v1.32.2"}},
	{name: "etcd-s3-skip-ssl-verify", kind: boolean},
	{name: "etcd-s3-timeout", kind: duration},
	{name: "etcd-s3-retention", kind: number, since: []string{"v1.31.12", "v1.32.8", "v1.33.4", "v1.34.1"}},
	{name: "kube-apiserver-arg", kind: list},
	{name: "etcd-arg", kind: list},
	{name: "kube-scheduler-arg", kind: list},
	{name: "kube-controller-manager-arg", kind: list},
	{name: "kube-cloud-controller-manager-arg", kind: list, since: []string{"v1.25.15", "v1.26.10", "v1.27.7", "v1.28.3"}},
	{name: "kube-apiserver-extra-mount", kind: list},
	{name: "kube-scheduler-extra-mount", kind: list},
	{name: "kube-controller-manager-extra-mount", kind: list},
	{name: "kube-proxy-extra-mount", kind: list},
	{name: "etcd-extra-mount", kind: list},
	{name: "cloud-controller-manager-extra-mount", kind: list},
	{name: "kube-apiserver-extra-env", kind: list},
	{name: "kube-scheduler-extra-env", kind: list},
	{name: "kube-controller-manager-extra-env", kind: list},
	{name: "kube-proxy-extra-env", kind: list},
	{name: "etcd-extra-env", kind: list},
	{name: "cloud-controller-manager-extra-env", kind: list},
	{name: "secrets-encryption", kind: boolean},
	{name: "secrets-encryption-provider", fallback: "aescbc", since: []string{"v1.30.12", "v1.31.8", "v1.32.4", "v1.33.0"}},
	{name: "embedded-registry", kind: boolean, since: []string{"v1.26.13", "v1.27.10", "v1.28.6", "v1.29.1"}},
	{name: "supervisor-metrics", kind: boolean, since: []string{"v1.27.15", "v1.28.11", "v1.29.6", "v1.30.2"}},
	{name: "egress-selector-mode", fallback: "agent"},
	{name: "helm-job-image", since: []string{"v1.24.16", "v1.25.12", "v1.26.7", "v1.27.4"}},
	{name: "helm-controller-arg", kind: list, since: []string{"v1.33.13", "v1.34.10", "v1.35.7", "v1.36.3"}},
	{name: "servicelb-namespace", fallback: "kube-system"},
	{name: "cni", env: []string{"RKE2_CNI"}, kind: list, fallback: "canal"},
	{name: "ingress-controller", env: []string{"RKE2_INGRESS_CONTROLLER", "RKE_INGRESS_CONTROLLER"}, kind: list, since: []string{"v1.29.7", "v1.30.3", "v1.31.0"}},
	{name: "enable-servicelb", env: []string{"RKE2_ENABLE_SERVICELB"}, kind: boolean},
	{name: "prime", kind: boolean, since: []string{"v1.32.13", "v1.33.10", "v1.34.6", "v1.35.3"}},
}

// flagSet finds the flags of a command by long name and by one-letter alias.
type flagSet map[string]flag

func flagsOf(command, version string) flagSet {
	set := flagSet{}
	groups := [][]flag{nodeFlags}
	if command == "server" {
		groups = append(groups, serverFlags)
	}
	for _, group := range groups {
		for _, f := range group {
			if !sinceAllows(f.since, version) {
				continue
			}
			set[f.name] = f
			if f.alias != "" {
				set[f.alias] = f
			}
		}
	}
	return set
}

func (s flagSet) find(arg string) (flag, bool) {
	f, ok := s[strings.TrimLeft(arg, "-")]
	return f, ok
}
