// Package kube knows how to talk to a Kubernetes API server: apply, read, wait, delete, look at logs and events,
// forward ports. It is the only package that knows client-go; everybody above sees plain objects and error kinds.
package kube

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Client talks to one cluster. It is safe for concurrent use; its connections, its discovery and its rate limit
// are shared by everything made from it.
type Client struct {
	config    *rest.Config
	base      *url.URL
	http      *http.Client
	dynamic   dynamic.Interface
	metadata  metadata.Interface
	discovery *discovery.DiscoveryClient
	mapper    *mapper
	services  *ServiceTransport
	counter   *counter
	secrets   *redactor
	timeout   time.Duration
	log       *slog.Logger
}

// New makes a client. It reads files that the configuration names but never dials; errors are of kind
// fault.Invalid.
func New(c Config) (*Client, error) {
	log := c.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	routeKlog(log)
	cfg, err := c.restConfig()
	if err != nil {
		return nil, err
	}
	cfg.WarningHandlerWithContext = warnings{log}
	base, err := describe(cfg)
	if err != nil {
		return nil, err
	}
	count := newCounter(base.Path, log)
	cfg.Wrap(count.wrap)
	client := &Client{
		config: cfg, base: base, counter: count, secrets: newRedactor(cfg), timeout: c.RequestTimeout, log: log,
	}
	if client.timeout <= 0 {
		client.timeout = defaultRequestTimeout
	}
	client.services = newServiceTransport(client)
	return client, client.connect()
}

// connect makes the clients over one shared HTTP client.
func (c *Client) connect() (err error) {
	if c.http, err = rest.HTTPClientFor(c.config); err != nil {
		return fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
	}
	if c.dynamic, err = dynamic.NewForConfigAndClient(c.config, c.http); err != nil {
		return fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
	}
	if c.metadata, err = metadata.NewForConfigAndClient(c.config, c.http); err != nil {
		return fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
	}
	if c.discovery, err = discovery.NewDiscoveryClientForConfigAndClient(c.config, c.http); err != nil {
		return fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
	}
	c.mapper = newMapper(c.discovery)
	return nil
}

// Close gives back idle connections and ends forwarded ports. Requests that are under way end by themselves.
func (c *Client) Close() error {
	err := c.services.Close()
	utilnet.CloseIdleConnectionsFor(c.http.Transport)
	return err
}

// Stats says how many requests were made so far, helm's included.
func (c *Client) Stats() Stats { return c.counter.stats() }

// UID returns the UID of namespace kube-system, which names a cluster for its whole life. It is asked anew each
// time, because it is what proves that this is still the same cluster.
func (c *Client) UID(ctx context.Context) (string, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	got, err := c.metadata.Resource(namespaces).Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", fmt.Errorf("reading the cluster's uid: %w", errNotKubernetes) // every cluster has kube-system
	}
	if err != nil {
		return "", fmt.Errorf("reading the cluster's uid: %w", c.classify(err))
	}
	return string(got.UID), nil
}

// Version returns the version of the API server, such as "v1.35.7+rke2r1".
func (c *Client) Version(ctx context.Context) (string, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	info, err := c.discovery.ServerVersionWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("reading the API server's version: %w", c.classify(err))
	}
	return info.GitVersion, nil
}

// Exists reports whether the cluster serves a kind. A kind that appeared after the last discovery is found.
func (c *Client) Exists(ctx context.Context, apiVersion, kind string) (bool, error) {
	_, err := c.mapping(ctx, apiVersion, kind)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Namespaced reports whether objects of a kind live in namespaces; fault.NotFound when the cluster has no such kind.
func (c *Client) Namespaced(ctx context.Context, apiVersion, kind string) (bool, error) {
	m, err := c.mapping(ctx, apiVersion, kind)
	if err != nil {
		return false, err
	}
	return m.namespaced, nil
}

// bounded limits one request that waits for an answer.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.timeout)
}

// mapping finds the resource of a kind and classifies what goes wrong.
func (c *Client) mapping(ctx context.Context, apiVersion, kind string) (resource, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	m, err := c.mapper.find(ctx, apiVersion, kind)
	if err != nil {
		return resource{}, c.classify(err)
	}
	return m, nil
}

// target finds the resource of one object and the namespace to ask in.
func (c *Client) target(ctx context.Context, ref object.Ref) (resource, string, error) {
	m, err := c.mapping(ctx, ref.APIVersion, ref.Kind)
	if err != nil {
		return resource{}, "", err
	}
	if !m.namespaced {
		return m, "", nil
	}
	if ref.Namespace == "" {
		return resource{}, "", fault.Newf(fault.Invalid, "%s needs a namespace: the kind is namespaced", ref)
	}
	return m, ref.Namespace, nil
}
