// Package agent knows what every RKE2 node does, servers too: it proves itself to the supervisor, gets its certificates and keeps its
// Node alive.
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/balancer"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/hostinfo"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/jointoken"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubelet"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

const (
	retryConnect = 2 * time.Second
	retryConfig  = 5 * time.Second
	relearn      = 30 * time.Second
)

// Options say which node runs and which cluster it belongs to.
type Options struct {
	Settings *settings.Settings
	Version  string
	Data     layout.Data
	Server   string // https://10.0.0.1:9345
	Token    string
	// Ready is called once when the node has its certificates; nil for the agent inside a server.
	Ready  func() error
	Silent bool // fault: no heartbeats
	// StaticPods are the components that this node shows as pods, besides kube-proxy.
	StaticPods []string
	Logger     *slog.Logger
}

// Identity is the node's name and addresses.
type Identity struct {
	Name        string
	IPs         []net.IP
	ExternalIPs []string
}

// Identify works out the node's name and addresses from the settings and the host.
func Identify(s *settings.Settings) (Identity, error) {
	name, err := hostinfo.NodeName(s.String("node-name"), s.Bool("with-node-id"), layout.NodeID)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{Name: name, ExternalIPs: s.List("node-external-ip")}
	for _, text := range s.List("node-ip") {
		ip := net.ParseIP(text)
		if ip == nil {
			return id, fmt.Errorf("invalid node-ip: %s", text)
		}
		id.IPs = append(id.IPs, ip)
	}
	if len(id.IPs) == 0 {
		ip, err := hostinfo.DefaultAddress()
		if err != nil {
			return id, err
		}
		id.IPs = []net.IP{ip}
	}
	return id, nil
}

// Check refuses settings that the kubelet would not start with.
func Check(s *settings.Settings) error {
	if _, err := kubelet.ParseLabels(s.List("node-label")); err != nil {
		return fmt.Errorf("kubelet exited: %w", err)
	}
	if _, err := kubelet.ParseTaints(s.List("node-taint")); err != nil {
		return fmt.Errorf("kubelet exited: %w", err)
	}
	_, err := readRegistries(s.String("private-registry"))
	return err
}

// Run joins the cluster and keeps the node alive until ctx ends. Until the server accepts the node it tries again for ever, saying
// why it has to, as the real agent does.
func Run(ctx context.Context, o Options) error {
	if err := Check(o.Settings); err != nil {
		return err
	}
	id, err := Identify(o.Settings)
	if err != nil {
		return err
	}
	server, err := url.Parse(o.Server)
	if err != nil {
		return err
	}
	servers := balancer.New(o.Data.Agent("etc", "rke2-agent-load-balancer.json"), server.Hostname())
	client := o.connect(ctx, servers, server.Port())
	if client == nil {
		return ctx.Err()
	}
	node, err := o.join(ctx, client, id)
	if err != nil {
		return err
	}
	if o.Ready != nil {
		if err := o.Ready(); err != nil {
			return err
		}
	}
	k, err := o.kubelet(node, id, servers)
	if err != nil {
		return err
	}
	go o.learn(ctx, client, servers)
	if o.realPods() {
		return o.runContainers(ctx, node, id, servers, k)
	}
	k.Run(ctx)
	return nil
}

// connect waits until the server answers and the token fits its CA. It returns nil only when ctx ends.
func (o Options) connect(ctx context.Context, servers *balancer.Balancer, port string) *supervisor.Client {
	for ctx.Err() == nil {
		c, err := supervisor.Connect(ctx, supervisor.ClientOptions{
			Server: "https://127.0.0.1:" + o.Settings.String("lb-server-port"), Token: o.Token, Dial: servers.Dialer(port),
		})
		if err == nil {
			if !c.HasCAHash() {
				o.Logger.Warn("Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. " +
					"Use the full token from the server's node-token file to enable Cluster CA validation.")
			}
			return c
		}
		o.Logger.Error(fmt.Sprintf("Failed to validate connection to cluster at %s: %v", o.Server, err))
		pause(ctx, retryConnect)
	}
	return nil
}

// joined is what a node has after the server accepted it.
type joined struct {
	cluster   supervisor.ClusterConfig
	serverCA  []byte
	cert, key []byte
	// proxyCert and proxyKey are there only on a node that runs containers.
	proxyCert, proxyKey []byte
}

func (o Options) join(ctx context.Context, client *supervisor.Client, id Identity) (joined, error) {
	for ctx.Err() == nil {
		node, err := o.fetch(ctx, client, id)
		if err == nil {
			return node, prepareHost(o, node)
		}
		o.Logger.Info(fmt.Sprintf("Waiting to retrieve agent configuration; server is not ready: %v", err))
		pause(ctx, retryConfig)
	}
	return joined{}, ctx.Err()
}

func (o Options) fetch(ctx context.Context, client *supervisor.Client, id Identity) (joined, error) {
	var node joined
	cluster, err := client.Cluster(ctx)
	if err != nil {
		return node, fmt.Errorf("failed to retrieve configuration from server: %w", err)
	}
	node.cluster = cluster
	for _, name := range []string{"client-ca.crt", "server-ca.crt"} {
		content, err := client.File(ctx, name)
		if err != nil {
			return node, err
		}
		if err := writeFile(o.Data.Agent(name), content, 0o644); err != nil {
			return node, err
		}
		node.serverCA = content
	}
	password, err := nodePassword()
	if err != nil {
		return node, err
	}
	who := supervisor.Node{Name: id.Name, Password: password, PasswordFile: layout.NodePassword, IPs: join(id.IPs)}
	for _, kind := range []string{"serving-kubelet", "client-kubelet"} {
		if node.cert, node.key, err = o.certificate(ctx, client, kind, who); err != nil {
			return node, err
		}
	}
	if o.realPods() {
		node.proxyCert, node.proxyKey, err = o.certificate(ctx, client, "client-kube-proxy", who)
	}
	return node, err
}

// nodeClient talks to the cluster's API with the rights of the node.
func (o Options) nodeClient(node joined, servers *balancer.Balancer) (*kubeapi.Client, error) {
	return kubeapi.New(kubeapi.Options{
		Server: "https://127.0.0.1:6443", CA: node.serverCA, Cert: node.cert, Key: node.key, Agent: "kubelet",
		DialFunc: servers.Dialer("6443"),
	})
}

func (o Options) kubelet(node joined, id Identity, servers *balancer.Balancer) (*kubelet.Kubelet, error) {
	api, err := o.nodeClient(node, servers)
	if err != nil {
		return nil, err
	}
	labels, err := kubelet.ParseLabels(o.Settings.List("node-label"))
	if err != nil {
		return nil, err
	}
	taints, err := kubelet.ParseTaints(o.Settings.List("node-taint"))
	if err != nil {
		return nil, err
	}
	pods := o.StaticPods
	if !node.cluster.DisableKubeProxy {
		pods = append(slices.Clone(pods), "kube-proxy")
	}
	return kubelet.New(kubelet.Options{
		API: api, Name: id.Name, IPs: id.IPs, ExternalIPs: id.ExternalIPs, Version: o.Version, Labels: labels, Taints: taints,
		Annotations: annotations(o.Settings, id), CNIReady: cniInstalled, StaticPods: pods, Silent: o.Silent, Companion: o.realPods(), Logger: o.Logger,
	}), nil
}

// learn keeps the list of servers up to date.
func (o Options) learn(ctx context.Context, client *supervisor.Client, servers *balancer.Balancer) {
	for ctx.Err() == nil {
		if addresses, err := client.APIServers(ctx); err == nil {
			if err := servers.Learn(addresses); err != nil {
				o.Logger.Warn("Failed to save the list of servers", "error", err)
			}
		}
		pause(ctx, relearn)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func join(ips []net.IP) string {
	texts := make([]string, len(ips))
	for i, ip := range ips {
		texts[i] = ip.String()
	}
	return strings.Join(texts, ",")
}

// Token returns the join token of the settings, from the file when one is named.
func Token(s *settings.Settings, key string) (string, error) {
	if path := s.String(key + "-file"); path != "" {
		content, err := os.ReadFile(path)
		return strings.TrimSpace(string(content)), err
	}
	return s.String(key), nil
}

func nodePassword() (string, error) {
	content, err := os.ReadFile(layout.NodePassword)
	if err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	password := jointoken.NewPassword()
	return password, writeFile(layout.NodePassword, []byte(password+"\n"), 0o600)
}

func writeFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, mode)
}
