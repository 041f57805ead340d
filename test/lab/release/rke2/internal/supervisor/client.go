package supervisor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/jointoken"
)

// Client calls a server's supervisor with a join token.
type Client struct {
	base  string
	token jointoken.Token
	http  *http.Client
	// CA is the cluster CA that the server presented, checked against the token's hash.
	CA []byte
}

// ClientOptions say whom a Client calls.
type ClientOptions struct {
	Server string // https://10.0.0.1:9345
	Token  string
	// Dial overrides how the server is reached, for example through a list of servers.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Connect fetches the server's CA, checks it against the token and returns a client that trusts it. The messages are those of
// k3s-io/k3s pkg/clientaccess/token.go.
func Connect(ctx context.Context, o ClientOptions) (*Client, error) {
	token, err := jointoken.Parse(o.Token)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(o.Server)
	if err != nil {
		return nil, fmt.Errorf("Invalid server url, failed to parse: %s", o.Server) //nolint:staticcheck // the real program's words
	}
	if u.Scheme != "https" {
		return nil, fmt.Errorf("only https:// URLs are supported, invalid scheme: %s", o.Server)
	}
	c := &Client{base: strings.TrimRight(u.String(), "/"), token: token}
	c.http = newHTTPClient(o, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) // the CA is what is asked for
	ca, err := c.get(ctx, "/cacerts")
	if err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	if err := token.CheckCA(ca); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	c.CA = ca
	c.http = newHTTPClient(o, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	if _, err := c.get(ctx, "/cacerts"); err != nil {
		return nil, fmt.Errorf("CA cert validation failed: %w", err)
	}
	return c, nil
}

func newHTTPClient(o ClientOptions, config *tls.Config) *http.Client {
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: config, DialContext: o.Dial, DisableKeepAlives: true},
	}
}

// HasCAHash reports whether the token named the cluster's CA.
func (c *Client) HasCAHash() bool { return c.token.CAHash != "" }

// Cluster returns what the server says about the cluster.
func (c *Client) Cluster(ctx context.Context) (ClusterConfig, error) {
	var out ClusterConfig
	return out, c.getJSON(ctx, "/v1-rke2/config", &out)
}

// APIServers returns the addresses of the cluster's API servers, host:port.
func (c *Client) APIServers(ctx context.Context) ([]string, error) {
	var out []string
	return out, c.getJSON(ctx, "/v1-rke2/apiservers", &out)
}

// Bootstrap returns the files that all servers share, by their names below server/tls.
func (c *Client) Bootstrap(ctx context.Context) (map[string][]byte, error) {
	var out map[string][]byte
	return out, c.getJSON(ctx, "/v1-rke2/server-bootstrap", &out)
}

// File returns a file of the cluster, such as client-ca.crt.
func (c *Client) File(ctx context.Context, name string) ([]byte, error) {
	return c.get(ctx, "/v1-rke2/"+name)
}

// Node is how a node names itself to the supervisor.
type Node struct {
	Name         string
	Password     string
	PasswordFile string // named in the error
	IPs          string
}

// Certificate has a node's certificate signed. kind is client-kubelet, serving-kubelet or client-kube-proxy.
func (c *Client) Certificate(ctx context.Context, kind string, node Node, csr []byte) ([]byte, error) {
	req, err := c.request(ctx, http.MethodPost, "/v1-rke2/"+kind+".crt", bytes.NewReader(csr))
	if err != nil {
		return nil, err
	}
	req.Header.Set(HeaderNodeName, node.Name)
	req.Header.Set(HeaderNodePassword, node.Password)
	req.Header.Set(HeaderNodeIP, node.IPs)
	status, body, err := c.do(req)
	if err != nil {
		return nil, err
	}
	if status == http.StatusForbidden {
		return nil, fmt.Errorf("Node password rejected, duplicate hostname or contents of '%s' may not match server node-passwd entry, "+
			"try enabling a unique node name with the --with-node-id flag", node.PasswordFile)
	}
	return body, badStatus(req, status)
}

// Call sends a request with a JSON body to one of the server's own endpoints and decodes the answer into out, which may be nil. A refusal
// carries the server's message.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := c.request(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	status, content, err := c.do(req)
	if err != nil {
		return err
	}
	if err := badStatus(req, status); err != nil {
		var refusal struct{ Message string }
		if json.Unmarshal(content, &refusal) == nil && refusal.Message != "" {
			return fmt.Errorf("%w: %s", err, refusal.Message)
		}
		return err
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(content, out)
}

func (c *Client) getJSON(ctx context.Context, path string, out any) error {
	body, err := c.get(ctx, path)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, out)
}

func (c *Client) get(ctx context.Context, path string) ([]byte, error) {
	req, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	status, body, err := c.do(req)
	if err != nil {
		return nil, err
	}
	return body, badStatus(req, status)
}

func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if path != "/cacerts" {
		user := c.token.User
		if user == "" {
			user = "node"
		}
		req.SetBasicAuth(user, c.token.Password)
	}
	return req, nil
}

func (c *Client) do(req *http.Request) (int, []byte, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

func badStatus(req *http.Request, status int) error {
	if status >= 200 && status < 300 {
		return nil
	}
	return fmt.Errorf("%s: %d %s", req.URL, status, http.StatusText(status))
}
