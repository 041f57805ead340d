package kube

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Config says where a cluster is and who asks. Kubeconfig wins over KubeconfigPaths; the explicit fields (Host,
// CA, ClientCert, ClientKey, Token, TLSServerName, Insecure, Exec) override what a kubeconfig says, or stand
// alone; with nothing at all the service account of the pod that runs us is used. Nothing is read from
// $KUBECONFIG or ~/.kube/config unless a path says so.
type Config struct {
	// Kubeconfig is the content of a kubeconfig file.
	Kubeconfig []byte
	// KubeconfigPaths are merged as kubectl merges $KUBECONFIG; "~/" is expanded. A single path must exist; of
	// several at least one.
	KubeconfigPaths []string
	// Context selects a context; empty means the current one of the kubeconfig.
	Context string
	// Host is the address of the API server: "https://10.0.0.1:6443".
	Host string
	// CA, ClientCert and ClientKey are PEM.
	CA, ClientCert, ClientKey []byte
	// Token is a bearer token.
	Token string
	// TLSServerName is the name that the server's certificate must carry, when it is not the host's.
	TLSServerName string
	// Insecure turns off the verification of the server's certificate.
	Insecure bool
	// Exec runs a credential plugin.
	Exec *Exec
	// Dial replaces the network: every connection of this client is made with it, port forwarding included.
	// Proxy settings of the environment do not apply then.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// UserAgent is sent with each request; empty means "terraform-provider-lab".
	UserAgent string
	// QPS and Burst limit the requests of this client; zero means 200 and 400, which no plan reaches.
	QPS   float32
	Burst int
	// RequestTimeout bounds each request that waits for an answer; zero means 32 s, a little more than the API
	// server gives the slowest webhook (30 s).
	RequestTimeout time.Duration
	// Logger gets the API server's warnings and what client-go would print; nil discards them.
	Logger *slog.Logger
}

// Exec is a credential plugin, as in a kubeconfig's users[].user.exec.
type Exec struct {
	// APIVersion is client.authentication.k8s.io/v1 or v1beta1; empty means v1.
	APIVersion string
	Command    string
	Args       []string
	Env        map[string]string
}

const (
	defaultUserAgent      = "terraform-provider-lab"
	defaultQPS            = 200
	defaultBurst          = 400
	defaultRequestTimeout = 32 * time.Second
	dialTimeout           = 10 * time.Second
	dialKeepAlive         = 30 * time.Second
)

// restConfig resolves where the cluster is, then sets what is the same for every cluster.
func (c Config) restConfig() (*rest.Config, error) {
	cfg, err := c.source()
	if err != nil {
		return nil, err
	}
	cfg.UserAgent = defaultUserAgent
	if c.UserAgent != "" {
		cfg.UserAgent = c.UserAgent
	}
	cfg.QPS, cfg.Burst = defaultQPS, defaultBurst
	if c.QPS > 0 {
		cfg.QPS = c.QPS
	}
	if c.Burst > 0 {
		cfg.Burst = c.Burst
	}
	// One bucket for all the clients that are made of this configuration, helm's included.
	cfg.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(cfg.QPS, cfg.Burst)
	cfg.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: dialKeepAlive}).DialContext
	if c.Dial != nil {
		cfg.Dial = c.Dial
		cfg.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	}
	// rest.HTTPClientFor validates certificates and keys; without this line a bad key would surface at the first request.
	if _, err := rest.TLSConfigFor(cfg); err != nil {
		return nil, fault.Newf(fault.Invalid, "reading the certificates of the Kubernetes configuration: %w", err)
	}
	return cfg, nil
}

func (c Config) source() (*rest.Config, error) {
	switch {
	case len(c.Kubeconfig) > 0:
		raw, err := clientcmd.Load(c.Kubeconfig)
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "reading the kubeconfig: %s", withoutContent(err))
		}
		return c.fromRaw(raw, "the kubeconfig")
	case len(c.KubeconfigPaths) > 0:
		paths, err := c.existingPaths()
		if err != nil {
			return nil, err
		}
		raw, err := (&clientcmd.ClientConfigLoadingRules{Precedence: paths}).Load()
		if err != nil {
			return nil, fault.Newf(fault.Invalid, "reading kubeconfig %s: %s", strings.Join(paths, ", "), withoutContent(err))
		}
		return c.fromRaw(raw, "kubeconfig "+strings.Join(paths, ", "))
	case c.Host != "":
		return c.fromRaw(clientcmdapi.NewConfig(), "the explicit configuration")
	}
	cfg, err := rest.InClusterConfig()
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "no Kubernetes configuration: neither a kubeconfig, nor a path, nor a host is set, and this is no pod: %w", err)
	}
	return cfg, nil
}

// fromRaw makes a rest.Config of a kubeconfig; what is where it came from, for messages.
func (c Config) fromRaw(raw *clientcmdapi.Config, what string) (*rest.Config, error) {
	if _, ok := raw.Contexts[c.Context]; c.Context != "" && !ok {
		names := make([]string, 0, len(raw.Contexts))
		for name := range raw.Contexts {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, fault.Newf(fault.Invalid, "%s has no context %q; it has %s", what, c.Context, strings.Join(names, ", "))
	}
	cfg, err := clientcmd.NewNonInteractiveClientConfig(*raw, c.Context, c.overrides(), nil).ClientConfig()
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "using %s: %w", what, err)
	}
	return cfg, nil
}

func (c Config) overrides() *clientcmd.ConfigOverrides {
	o := &clientcmd.ConfigOverrides{CurrentContext: c.Context}
	o.ClusterInfo.Server = c.Host
	o.ClusterInfo.CertificateAuthorityData = c.CA
	o.ClusterInfo.TLSServerName = c.TLSServerName
	o.ClusterInfo.InsecureSkipTLSVerify = c.Insecure
	o.AuthInfo.ClientCertificateData = c.ClientCert
	o.AuthInfo.ClientKeyData = c.ClientKey
	o.AuthInfo.Token = c.Token
	if c.Exec == nil {
		return o
	}
	exec := &clientcmdapi.ExecConfig{
		APIVersion: c.Exec.APIVersion, Command: c.Exec.Command, Args: c.Exec.Args,
		InteractiveMode: clientcmdapi.NeverExecInteractiveMode,
	}
	if exec.APIVersion == "" {
		exec.APIVersion = "client.authentication.k8s.io/v1"
	}
	for name, value := range c.Exec.Env {
		exec.Env = append(exec.Env, clientcmdapi.ExecEnvVar{Name: name, Value: value})
	}
	o.AuthInfo.Exec = exec
	return o
}

func (c Config) existingPaths() ([]string, error) {
	var found, missing []string
	for _, path := range c.KubeconfigPaths {
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, fault.Newf(fault.Invalid, "expanding %s: %w", path, err)
			}
			path = filepath.Join(home, rest)
		}
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, path)
			continue
		}
		found = append(found, path)
	}
	if len(found) == 0 {
		return nil, fault.Newf(fault.Invalid, "reading kubeconfig %s: no such file", strings.Join(missing, ", "))
	}
	return found, nil
}

var yamlLine = regexp.MustCompile(`line \d+`)

// withoutContent says that a kubeconfig does not parse without repeating any of it: parsers quote what they
// stumble over, and that may be a token.
func withoutContent(err error) string {
	if line := yamlLine.FindString(err.Error()); line != "" {
		return "not a valid kubeconfig (" + line + ")"
	}
	return "not a valid kubeconfig"
}

// describe fails early on a configuration that cannot name a server.
func describe(cfg *rest.Config) (*url.URL, error) {
	base, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "the address of the API server: %w", err)
	}
	if base.User != nil {
		return nil, fault.New(fault.Invalid, fmt.Errorf("the address of the API server holds credentials"))
	}
	return base, nil
}
