package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/member"
)

// startEtcd starts this server's etcd member, the first of a new cluster, a further one of the cluster that it is told to join, or the one
// that it was before, and returns when the member takes part.
func (s *Server) startEtcd(ctx context.Context) error {
	o := &s.options
	known := o.hasMember() // before the name is made, which is kept beside the data
	name, err := o.memberName()
	if err != nil {
		return err
	}
	if known || len(o.EtcdJoin) == 0 {
		args := o.etcdArgs(s.ports, name, name+"="+s.ports.peerURL(o.EtcdListen), "new")
		if err := s.startChild(Etcd, args); err != nil {
			return err
		}
		return s.waitListening(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ports.etcdClient)))
	}
	return s.joinEtcd(ctx, name)
}

func (s *Server) joinEtcd(ctx context.Context, name string) (err error) {
	o := &s.options
	cluster, err := member.Connect(o.tlsDir(), o.EtcdJoin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	peerURL := s.ports.peerURL(o.EtcdListen)
	initialCluster, err := cluster.Join(ctx, name, peerURL)
	if err != nil {
		return err
	}
	if err := s.startChild(Etcd, o.etcdArgs(s.ports, name, initialCluster, "existing")); err != nil {
		return err
	}
	if err := s.waitListening(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ports.etcdClient))); err != nil {
		return err
	}
	if err := cluster.Promote(ctx, peerURL); err != nil {
		return err
	}
	s.logger.Info("joined etcd", "member", name)
	return nil
}

// Leave removes the members of a node from the etcd of the server whose data is in dataDir and returns their names.
func Leave(ctx context.Context, dataDir, node string, urls []string) (removed []string, err error) {
	cluster, err := member.Connect(filepath.Join(dataDir, "tls"), urls)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	return cluster.Leave(ctx, node)
}

// Members describes the members of the etcd of the server whose data is in dataDir, one a line.
func Members(ctx context.Context, dataDir string, urls []string) (lines []string, err error) {
	cluster, err := member.Connect(filepath.Join(dataDir, "tls"), urls)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	return cluster.Describe(ctx)
}

// hasMember tells whether this server was a member before.
func (o *Options) hasMember() bool {
	_, err := os.Stat(filepath.Join(o.etcdDir(), "member"))
	return err == nil
}

// waitListening waits until address accepts connections.
func (s *Server) waitListening(ctx context.Context, address string) error {
	var dialer net.Dialer
	return s.poll(ctx, "waiting for "+address, func(ctx context.Context) error {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// pollInterval is short: everything that is waited for is on this machine and start-up time is what tests pay.
const pollInterval = 20 * time.Millisecond

// poll calls check until it succeeds, ctx ends or a child dies.
func (s *Server) poll(ctx context.Context, what string, check func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w (last: %w)", what, ctx.Err(), err)
		case exit := <-s.group.Exits():
			return fmt.Errorf("%s: %s: %w; end of its log:\n%s", what, exit.Name, exit.Err, exit.LogTail)
		case <-ticker.C:
		}
	}
}
