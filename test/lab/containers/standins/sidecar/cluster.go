package sidecar

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// accountFolder holds what a pod may show to the API server.
const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

// cluster reaches the API server as the pod's ServiceAccount.
type cluster struct {
	url, namespace string
	// token is the path of the file, which is replaced before it expires.
	token  string
	client *http.Client
	// pause is the time between a watch that broke and the next.
	pause time.Duration
}

func inCluster() (*cluster, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, fmt.Errorf("this is no pod: there is no KUBERNETES_SERVICE_HOST")
	}
	authority, err := os.ReadFile(filepath.Join(accountFolder, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("reading the API server's authority: %w", err)
	}
	namespace, err := os.ReadFile(filepath.Join(accountFolder, "namespace"))
	if err != nil {
		return nil, fmt.Errorf("reading the namespace: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return &cluster{
		url: "https://" + net.JoinHostPort(host, port), namespace: strings.TrimSpace(string(namespace)), token: filepath.Join(accountFolder, "token"),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}, pause: 2 * time.Second,
	}, nil
}

// object is a ConfigMap or a Secret.
type object struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Namespace       string            `json:"namespace"`
		Name            string            `json:"name"`
		ResourceVersion string            `json:"resourceVersion"`
		Annotations     map[string]string `json:"annotations"`
	} `json:"metadata"`
	Data       map[string]string `json:"data"`
	BinaryData map[string][]byte `json:"binaryData"`
}

// answer opens an answer of the API server.
func (c *cluster) answer(ctx context.Context, kind, namespace string, query url.Values) (io.ReadCloser, error) {
	path := "/api/v1/" + kind
	if namespace != "" {
		path = "/api/v1/namespaces/" + namespace + "/" + kind
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	token, err := os.ReadFile(c.token)
	if err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	response, err := c.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the API server: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		defer func() { _ = response.Body.Close() }()
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1024)) // what is missing of it is not worth an error of its own
		return nil, fmt.Errorf("the API server answers %s: %s", response.Status, reason)
	}
	return response.Body, nil
}

// list writes what there is, takes away what is not there any more, and returns the version of the list.
func (c *cluster) list(ctx context.Context, kind, namespace, selector string, files *folder) (string, error) {
	body, err := c.answer(ctx, kind, namespace, url.Values{"labelSelector": {selector}})
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	var list struct {
		Metadata struct {
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
		Items []object `json:"items"`
	}
	if err := json.NewDecoder(body).Decode(&list); err != nil {
		return "", fmt.Errorf("reading the list of %s: %w", kind, err)
	}
	changed, err := files.replace(kind, namespace, list.Items)
	if changed && files.options.watch {
		files.options.request.send(ctx)
	}
	return list.Metadata.ResourceVersion, err
}

// follow lists and watches until ctx ends. What goes wrong is logged and tried again.
func (c *cluster) follow(ctx context.Context, kind, namespace, selector string, files *folder) {
	for ctx.Err() == nil {
		version, err := c.list(ctx, kind, namespace, selector, files)
		if err == nil {
			err = c.watch(ctx, kind, namespace, url.Values{"labelSelector": {selector}, "watch": {"true"}, "resourceVersion": {version}}, files)
		}
		if err != nil && ctx.Err() == nil {
			slog.ErrorContext(ctx, "watching", "resource", kind, "namespace", namespace, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.pause):
		}
	}
}

// watch writes what changes until the API server ends the watch, which it does after a while.
func (c *cluster) watch(ctx context.Context, kind, namespace string, query url.Values, files *folder) error {
	body, err := c.answer(ctx, kind, namespace, query)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	events := json.NewDecoder(body)
	for {
		var event struct {
			Type   string `json:"type"`
			Object object `json:"object"`
		}
		if err := events.Decode(&event); err != nil {
			return nil // this is how a watch ends
		}
		var changed bool
		switch event.Type {
		case "ADDED", "MODIFIED":
			changed, err = files.write(kind, event.Object)
		case "DELETED":
			changed, err = files.remove(kind, event.Object)
		case "ERROR":
			return fmt.Errorf("the watch ended: %s", event.Object.Kind)
		}
		if err != nil {
			return err
		}
		if changed {
			files.options.request.send(ctx)
		}
	}
}
