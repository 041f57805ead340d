// Package etcd knows how to talk to the etcd member of this host through its JSON gateway.
package etcd

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Client talks to one member.
type Client struct {
	endpoint string
	http     *http.Client
}

// New returns a client for the member on this host, with the certificates below server/tls.
func New(tlsDir string) (*Client, error) {
	ca, err := os.ReadFile(filepath.Join(tlsDir, "etcd", "server-ca.crt"))
	if err != nil {
		return nil, err
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(tlsDir, "etcd", "client.crt"), filepath.Join(tlsDir, "etcd", "client.key"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	config := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return &Client{endpoint: "https://127.0.0.1:2379", http: &http.Client{Transport: &http.Transport{TLSClientConfig: config}}}, nil
}

// Member is a member of the etcd cluster.
type Member struct {
	ID       string   `json:"ID"`
	Name     string   `json:"name"`
	PeerURLs []string `json:"peerURLs"`
	Learner  bool     `json:"isLearner"`
}

// Members lists the cluster's members.
func (c *Client) Members(ctx context.Context) ([]Member, error) {
	var out struct{ Members []Member }
	return out.Members, c.call(ctx, "/v3/cluster/member/list", map[string]any{}, &out)
}

// Remove takes the member of a name out of the cluster; gone is success.
func (c *Client) Remove(ctx context.Context, name string) error {
	members, err := c.Members(ctx)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Name == name {
			return c.call(ctx, "/v3/cluster/member/remove", map[string]any{"ID": m.ID}, nil)
		}
	}
	return nil
}

// Snapshot writes the database to w.
func (c *Client) Snapshot(ctx context.Context, w io.Writer) error {
	resp, err := c.send(ctx, "/v3/maintenance/snapshot", map[string]any{})
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	remaining := "unknown"
	for decoder := json.NewDecoder(resp.Body); ; {
		var piece struct {
			Result struct {
				Remaining string `json:"remaining_bytes"`
				Blob      []byte `json:"blob"`
			} `json:"result"`
			Error struct{ Message string } `json:"error"`
		}
		err := decoder.Decode(&piece)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if piece.Error.Message != "" {
			return errors.New(piece.Error.Message)
		}
		if _, err := w.Write(piece.Result.Blob); err != nil {
			return err
		}
		remaining = piece.Result.Remaining
	}
	if strings.Trim(remaining, "0") != "" {
		return fmt.Errorf("snapshot ended early: %s bytes remain", remaining)
	}
	return nil
}

func (c *Client) call(ctx context.Context, path string, in, out any) error {
	resp, err := c.send(ctx, path, in)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if out == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func (c *Client) send(ctx context.Context, path string, in any) (*http.Response, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		content, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<12))
		_ = resp.Body.Close()
		return nil, fmt.Errorf("etcd: %s: %s: %s", path, resp.Status, content)
	}
	return resp, nil
}
