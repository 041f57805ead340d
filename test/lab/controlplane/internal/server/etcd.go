package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// startEtcd starts this server's etcd member and waits until it listens.
func (s *Server) startEtcd(ctx context.Context) error {
	o := &s.options
	name, err := o.memberName()
	if err != nil {
		return err
	}
	initialCluster := name + "=" + s.ports.peerURL(o.EtcdListen)
	if err := s.startChild(Etcd, o.etcdArgs(s.ports, name, initialCluster, "new")); err != nil {
		return err
	}
	return s.waitListening(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ports.etcdClient)))
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
