package kube

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// RESTClientGetter returns what helm's action.Configuration takes. Everything made from it shares this client's
// connections, rate limit, discovery and mapper, and none of it holds a credential: those live in the transport.
func (c *Client) RESTClientGetter() genericclioptions.RESTClientGetter { return getter{c} }

type getter struct{ client *Client }

// ToRESTConfig returns a configuration over the shared transport. A rest.Config with certificates and a Dial of
// its own would open a new connection for each client made from it (client-go/transport/cache.go, tlsConfigKey).
func (g getter) ToRESTConfig() (*rest.Config, error) {
	from := g.client.config
	return &rest.Config{
		Host: from.Host, APIPath: from.APIPath, UserAgent: from.UserAgent,
		QPS: from.QPS, Burst: from.Burst, RateLimiter: from.RateLimiter,
		WarningHandlerWithContext: from.WarningHandlerWithContext,
		Transport:                 g.client.http.Transport,
	}, nil
}

// ToDiscoveryClient returns the shared discovery cache.
func (g getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.client.mapper.cache, nil
}

// ToRESTMapper returns the shared mapper.
func (g getter) ToRESTMapper() (meta.RESTMapper, error) { return g.client.mapper, nil }

// ToRawKubeConfigLoader returns a configuration with an address and no credential: helm asks it for nothing but
// the default namespace.
func (g getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	raw := clientcmdapi.NewConfig()
	raw.Clusters["shared"] = &clientcmdapi.Cluster{Server: g.client.config.Host}
	raw.Contexts["shared"] = &clientcmdapi.Context{Cluster: "shared"}
	raw.CurrentContext = "shared"
	return clientcmd.NewDefaultClientConfig(*raw, &clientcmd.ConfigOverrides{})
}
