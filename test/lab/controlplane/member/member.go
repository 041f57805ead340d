// Package member knows how servers enter and leave a stacked etcd cluster.
package member

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const (
	dialTimeout    = 5 * time.Second
	requestTimeout = 5 * time.Second
	retryPause     = 200 * time.Millisecond
)

// Cluster is an etcd cluster, reached through some of its members.
type Cluster struct{ client *clientv3.Client }

// Connect makes a client of the members at urls with the certificates below tlsDir (etcd/client). It does not dial yet.
func Connect(tlsDir string, urls []string) (*Cluster, error) {
	certificate, err := tls.LoadX509KeyPair(filepath.Join(tlsDir, "etcd", "client.crt"), filepath.Join(tlsDir, "etcd", "client.key"))
	if err != nil {
		return nil, fmt.Errorf("reading the etcd client's certificate: %w", err)
	}
	authority, err := os.ReadFile(filepath.Join(tlsDir, "etcd", "server-ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("reading etcd's authority: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client, err := clientv3.New(clientv3.Config{
		Endpoints: urls, DialTimeout: dialTimeout, Logger: zap.NewNop(),
		TLS: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}, RootCAs: roots},
	})
	if err != nil {
		return nil, fmt.Errorf("making an etcd client: %w", err)
	}
	return &Cluster{client: client}, nil
}

// Close ends the connections.
func (c *Cluster) Close() error { return c.client.Close() }

// Join announces a member called name at peerURL as a learner and returns the initial cluster with which its etcd is to be started. A member
// that was announced at this address before and never started, or lost its data, is replaced. It waits while another learner is on its way,
// because etcd takes one at a time.
func (c *Cluster) Join(ctx context.Context, name, peerURL string) (initialCluster string, err error) {
	err = retry(ctx, func(ctx context.Context) error {
		members, err := c.members(ctx)
		if err != nil {
			return err
		}
		if stale := slices.IndexFunc(members, func(m *etcdserverpb.Member) bool { return slices.Contains(m.PeerURLs, peerURL) }); stale >= 0 {
			if _, err := c.client.MemberRemove(ctx, members[stale].ID); err != nil {
				return err
			}
		}
		added, err := c.client.MemberAddAsLearner(ctx, []string{peerURL})
		if err != nil {
			return err
		}
		initialCluster = describe(added.Members, added.Member.ID, name)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("joining etcd: %w", err)
	}
	return initialCluster, nil
}

// describe is etcd's --initial-cluster; the new member has no name yet.
func describe(members []*etcdserverpb.Member, own uint64, name string) string {
	var parts []string
	for _, m := range members {
		label := m.Name
		if m.ID == own {
			label = name
		}
		for _, url := range m.PeerURLs {
			parts = append(parts, label+"="+url)
		}
	}
	return strings.Join(parts, ",")
}

// Promote makes the learner at peerURL a voting member as soon as it has caught up; a member that votes already is left as it is.
func (c *Cluster) Promote(ctx context.Context, peerURL string) error {
	err := retry(ctx, func(ctx context.Context) error {
		members, err := c.members(ctx)
		if err != nil {
			return err
		}
		own := slices.IndexFunc(members, func(m *etcdserverpb.Member) bool { return slices.Contains(m.PeerURLs, peerURL) })
		if own < 0 {
			return permanent{fmt.Errorf("no member at %s", peerURL)}
		}
		if !members[own].IsLearner {
			return nil
		}
		_, err = c.client.MemberPromote(ctx, members[own].ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("becoming a voting member of etcd: %w", err)
	}
	return nil
}

// Leave removes the members of the node called node and returns their names. None is no error.
func (c *Cluster) Leave(ctx context.Context, node string) ([]string, error) {
	var removed []string
	err := retry(ctx, func(ctx context.Context) error {
		members, err := c.members(ctx)
		if err != nil {
			return err
		}
		for _, m := range members {
			if !belongs(m.Name, node) {
				continue
			}
			if len(members) == 1 {
				return permanent{fmt.Errorf("%s is the last member", m.Name)}
			}
			if _, err := c.client.MemberRemove(ctx, m.ID); err != nil && !errors.Is(err, rpctypes.ErrMemberNotFound) {
				return err
			}
			removed = append(removed, m.Name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("removing %s from etcd: %w", node, err)
	}
	return removed, nil
}

// belongs tells whether a member is one of the node: its name is the node's, a dash and eight hexadecimal digits.
func belongs(memberName, node string) bool {
	suffix, ok := strings.CutPrefix(memberName, node+"-")
	return ok && len(suffix) == 8 && strings.Trim(suffix, "0123456789abcdef") == ""
}

// Describe returns one line for each member: name, state and peer address.
func (c *Cluster) Describe(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	members, err := c.members(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing etcd's members: %w", err)
	}
	var lines []string
	for _, m := range members {
		state := "started"
		switch {
		case m.Name == "":
			state = "unstarted"
		case m.IsLearner:
			state = "learner"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", m.Name, state, strings.Join(m.PeerURLs, ",")))
	}
	slices.Sort(lines)
	return lines, nil
}

func (c *Cluster) members(ctx context.Context) ([]*etcdserverpb.Member, error) {
	response, err := c.client.MemberList(ctx)
	if err != nil {
		return nil, err
	}
	return response.Members, nil
}

// permanent is an error that trying again does not change.
type permanent struct{ error }

// retry calls f until it succeeds or ctx ends: a cluster that grows refuses requests for a moment each time its membership changes.
func retry(ctx context.Context, f func(context.Context) error) error {
	for {
		err := once(ctx, f)
		var final permanent
		if err == nil || errors.As(err, &final) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (last: %w)", ctx.Err(), err)
		case <-time.After(retryPause):
		}
	}
}

func once(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return f(ctx)
}
