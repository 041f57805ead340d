// Package kubeapi knows how to talk to a Kubernetes API server with plain HTTP and JSON, so that the stand-in stays small.
package kubeapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Object is a Kubernetes object as decoded JSON.
type Object = map[string]any

// Options say how to reach an API server.
type Options struct {
	Server   string // https://127.0.0.1:6443
	CA       []byte
	Cert     []byte
	Key      []byte
	Agent    string                                                            // the User-Agent, which names the field manager of writes
	DialFunc func(ctx context.Context, network, addr string) (net.Conn, error) // nil dials Server
}

// Client sends requests to one API server.
type Client struct {
	server string
	agent  string
	http   *http.Client
	kinds  kinds
}

// New returns a client. It fails only on certificates that cannot be read.
func New(o Options) (*Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(o.CA) {
		return nil, errors.New("cluster CA holds no certificate")
	}
	cert, err := tls.X509KeyPair(o.Cert, o.Key)
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	// HTTP/1.1 is on purpose: a request that times out takes its dead connection along, and the next one finds another server.
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 5 * time.Second,
		IdleConnTimeout:     time.Minute,
		DialContext:         o.DialFunc,
	}
	return &Client{server: o.Server, agent: o.Agent, http: &http.Client{Transport: transport}}, nil
}

// StatusError is the API server's refusal of a request.
type StatusError struct {
	Code    int
	Reason  string
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s (%d %s)", e.Message, e.Code, e.Reason) }

// IsCode reports whether an error is a refusal with the given HTTP status.
func IsCode(err error, code int) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code == code
}

// Request is one call of the API.
type Request struct {
	Method      string
	Path        string // with query
	ContentType string // application/json when empty
	Body        any    // encoded as JSON; []byte goes out as it is
}

// Do sends a request and decodes the answer into out, which may be nil. A refusal is a *StatusError.
func (c *Client) Do(ctx context.Context, r Request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	var body io.Reader
	switch b := r.Body.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, c.server+r.Path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Content-Type", "application/json")
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	content, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	status := &StatusError{Code: resp.StatusCode, Reason: http.StatusText(resp.StatusCode), Message: string(content)}
	var answer struct{ Reason, Message string }
	if json.Unmarshal(content, &answer) == nil && answer.Message != "" {
		status.Reason, status.Message = answer.Reason, answer.Message
	}
	return nil, status
}

// Get reads the object at a path.
func (c *Client) Get(ctx context.Context, path string) (Object, error) {
	var out Object
	err := c.Do(ctx, Request{Method: http.MethodGet, Path: path}, &out)
	return out, err
}

// Ready asks /readyz; the error carries the server's answer.
func (c *Client) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	resp, err := c.send(ctx, Request{Method: http.MethodGet, Path: "/readyz"})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
