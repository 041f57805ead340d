package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Names of the children, which are also the subcommands that run them and the names of their logs.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kwok              = "kwok"
)

// memberName is the name of this server in etcd. Like RKE2's it differs between two lives of a node of the same name, which is why
// it is kept in a file beside the data (k3s:pkg/etcd/etcd.go, file "name").
func (o *Options) memberName() (string, error) {
	path := filepath.Join(o.DataDir, "db", "name")
	if content, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	digest := sha256.Sum256([]byte(o.NodeIP + o.NodeName + strconv.Itoa(os.Getpid())))
	name := o.NodeName + "-" + hex.EncodeToString(digest[:4])
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("naming the etcd member: %w", err)
	}
	if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
		return "", fmt.Errorf("naming the etcd member: %w", err)
	}
	return name, nil
}

func (o *Options) etcdArgs(p ports, name, initialCluster, state string) []string {
	clients, peers := p.etcdURL("127.0.0.1"), p.peerURL(o.EtcdListen)
	if o.stacked() {
		clients += "," + p.etcdURL(o.EtcdListen)
	}
	args := []string{
		"--name=" + name, "--data-dir=" + o.etcdDir(),
		"--listen-client-urls=" + clients, "--advertise-client-urls=" + p.etcdURL(o.EtcdListen),
		"--listen-peer-urls=" + peers, "--initial-advertise-peer-urls=" + peers,
		"--initial-cluster=" + initialCluster, "--initial-cluster-state=" + state,
		"--client-cert-auth", "--trusted-ca-file=" + o.tls("etcd/server-ca.crt"),
		"--cert-file=" + o.tls("etcd/server-client.crt"), "--key-file=" + o.tls("etcd/server-client.key"),
		"--peer-client-cert-auth", "--peer-trusted-ca-file=" + o.tls("etcd/peer-ca.crt"),
		"--peer-cert-file=" + o.tls("etcd/peer-server-client.crt"), "--peer-key-file=" + o.tls("etcd/peer-server-client.key"),
		"--unsafe-no-fsync", "--logger=zap", "--log-level=warn", "--snapshot-count=10000",
		"--watch-progress-notify-interval=5s",
	}
	if o.SecurePort == 0 {
		args = append(args, "--socket-reuse-port")
	}
	if o.stacked() {
		// RKE2's values (k3s:pkg/etcd/etcd.go): members on a busy machine must not take each other for dead.
		args = append(args, "--heartbeat-interval=500", "--election-timeout=5000")
	}
	return args
}

func (o *Options) apiServerArgs(p ports, egressConfig string) []string {
	args := []string{
		"--etcd-servers=" + p.etcdURL("127.0.0.1"), "--etcd-cafile=" + o.tls("etcd/server-ca.crt"),
		"--etcd-certfile=" + o.tls("etcd/client.crt"), "--etcd-keyfile=" + o.tls("etcd/client.key"),
		"--bind-address=" + o.BindAddress, "--secure-port=" + strconv.Itoa(p.api), "--advertise-address=" + o.NodeIP,
		"--service-cluster-ip-range=" + o.ServiceCIDR,
		"--tls-cert-file=" + o.tls("serving-kube-apiserver.crt"), "--tls-private-key-file=" + o.tls("serving-kube-apiserver.key"),
		"--client-ca-file=" + o.tls("client-ca.crt"), "--anonymous-auth=false", "--enable-bootstrap-token-auth",
		"--service-account-key-file=" + o.tls("service.key"), "--service-account-signing-key-file=" + o.tls("service.current.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--api-audiences=https://kubernetes.default.svc.cluster.local,rke2",
		"--requestheader-client-ca-file=" + o.tls("request-header-ca.crt"), "--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + o.tls("client-auth-proxy.crt"), "--proxy-client-key-file=" + o.tls("client-auth-proxy.key"),
		"--kubelet-client-certificate=" + o.tls("client-kube-apiserver.crt"), "--kubelet-client-key=" + o.tls("client-kube-apiserver.key"),
		"--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--enable-aggregator-routing=true", "--allow-privileged=true", "--profiling=false",
		"--shutdown-delay-duration=0s",
	}
	if egressConfig != "" {
		args = append(args, "--egress-selector-config-file="+egressConfig)
	}
	if net.ParseIP(o.NodeIP).IsLoopback() {
		// The API refuses endpoints on loopback addresses, its own included.
		args = append(args, "--endpoint-reconciler-type=none")
	}
	if o.SecurePort == 0 {
		args = append(args, "--permit-port-sharing")
	}
	return args
}

func (o *Options) controllerManagerArgs() []string {
	args := []string{
		"--kubeconfig=" + o.cred("controller.kubeconfig"), "--authentication-kubeconfig=" + o.cred("controller.kubeconfig"),
		"--authorization-kubeconfig=" + o.cred("controller.kubeconfig"), "--secure-port=0", "--profiling=false",
		"--controllers=*,bootstrapsigner,tokencleaner", "--use-service-account-credentials=true",
		"--service-account-private-key-file=" + o.tls("service.current.key"), "--root-ca-file=" + o.tls("server-ca.crt"),
		"--allocate-node-cidrs=true", "--cluster-cidr=" + o.ClusterCIDR, "--service-cluster-ip-range=" + o.ServiceCIDR,
		"--configure-cloud-routes=false", "--node-monitor-period=2s", "--node-monitor-grace-period=" + o.NodeGrace.String(),
		"--kube-api-qps=200", "--kube-api-burst=400",
	}
	for signer, authority := range map[string]string{
		"kube-apiserver-client": "client-ca", "kubelet-client": "client-ca", "kubelet-serving": "server-ca", "legacy-unknown": "client-ca",
	} {
		args = append(args,
			"--cluster-signing-"+signer+"-cert-file="+o.tls(authority+".crt"), "--cluster-signing-"+signer+"-key-file="+o.tls(authority+".key"))
	}
	return append(args, o.electionArgs()...)
}

func (o *Options) schedulerArgs() []string {
	args := []string{
		"--kubeconfig=" + o.cred("scheduler.kubeconfig"), "--authentication-kubeconfig=" + o.cred("scheduler.kubeconfig"),
		"--authorization-kubeconfig=" + o.cred("scheduler.kubeconfig"), "--secure-port=0", "--profiling=false",
	}
	return append(args, o.electionArgs()...)
}

// electionArgs make controllers elect a leader only where there can be several, with leases shorter than the defaults so that a cluster
// whose leader lost power is led again within seconds.
func (o *Options) electionArgs() []string {
	if !o.stacked() {
		return []string{"--leader-elect=false"}
	}
	return []string{
		"--leader-elect=true", "--leader-elect-lease-duration=6s", "--leader-elect-renew-deadline=4s", "--leader-elect-retry-period=1s",
	}
}

func (o *Options) kwokArgs() []string {
	return []string{
		"--kubeconfig=" + o.cred("supervisor.kubeconfig"), "--config=" + o.etc("kwok.yaml"), "--manage-all-nodes=true",
		"--node-lease-duration-seconds=0", "--cidr=" + o.ClusterCIDR, "--node-ip=" + o.NodeIP, "--server-address=",
	}
}
