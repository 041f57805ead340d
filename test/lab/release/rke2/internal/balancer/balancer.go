// Package balancer knows which servers a node can reach and connects to the first that answers, as the client-side load balancer
// of RKE2's agent does.
package balancer

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const dialTimeout = 3 * time.Second

// Balancer is the list of known servers, best first. It is kept in a file so that a node finds the cluster again when the server it
// was configured with is gone.
type Balancer struct {
	mu      sync.Mutex
	file    string
	servers []string // addresses without port
}

type saved struct {
	ServerAddresses []string `json:"ServerAddresses"`
}

// New returns a balancer that starts with the configured server, followed by those that the file remembers.
func New(file, configured string) *Balancer {
	b := &Balancer{file: file, servers: []string{configured}}
	var s saved
	if content, err := os.ReadFile(file); err == nil && json.Unmarshal(content, &s) == nil {
		b.add(s.ServerAddresses)
	}
	return b
}

// Learn replaces the known servers by those of the addresses (host:port) and saves them; the one in use stays first.
func (b *Balancer) Learn(addresses []string) error {
	hosts := make([]string, 0, len(addresses))
	for _, a := range addresses {
		if host, _, err := net.SplitHostPort(a); err == nil {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers = b.servers[:1:1]
	b.add(hosts)
	content, err := json.Marshal(saved{ServerAddresses: hosts})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(b.file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(b.file, content, 0o600)
}

func (b *Balancer) add(hosts []string) {
	for _, h := range hosts {
		if !slices.Contains(b.servers, h) {
			b.servers = append(b.servers, h)
		}
	}
}

// Dialer returns a function that connects to the given port of the first server that accepts; that server is tried first the
// next time.
func (b *Balancer) Dialer(port string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		b.mu.Lock()
		servers := slices.Clone(b.servers)
		b.mu.Unlock()
		var failures []error
		dialer := net.Dialer{Timeout: dialTimeout}
		for _, host := range servers {
			conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
			if err == nil {
				b.prefer(host)
				return conn, nil
			}
			failures = append(failures, err)
		}
		return nil, errors.Join(failures...)
	}
}

func (b *Balancer) prefer(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.servers, host); i > 0 {
		b.servers = slices.Insert(slices.Delete(b.servers, i, i+1), 0, host)
	}
}
