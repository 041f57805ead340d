package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/agent"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/pki"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

// joinCluster fetches what a further server needs from the one that `server:` names. A host that has a database already belongs to a
// cluster, and `server:` is ignored.
func (s *server) joinCluster(ctx context.Context) error {
	address := s.Settings.String("server")
	if address == "" {
		return nil
	}
	if s.Settings.Bool("cluster-reset") {
		return errors.New("cannot perform cluster-reset while server URL is set - remove server from configuration before resetting")
	}
	if s.hasDatabase() {
		s.Logger.Info("Managed etcd cluster bootstrap already complete and initialized")
		return nil
	}
	token, err := agent.Token(s.Settings, "token")
	if err != nil {
		return err
	}
	if token == "" {
		return errors.New("--token is required to join a cluster")
	}
	client, err := supervisor.Connect(ctx, supervisor.ClientOptions{Server: address, Token: token})
	if err != nil {
		return err
	}
	files, err := client.Bootstrap(ctx)
	if err != nil {
		return err
	}
	theirs, err := client.Cluster(ctx)
	if err != nil {
		return err
	}
	if theirs.Critical != s.cluster.Critical {
		return fmt.Errorf("failed to validate server configuration: critical configuration value mismatch between servers: %s here, %s there",
			s.cluster.Critical, theirs.Critical)
	}
	for name, content := range files {
		if err := s.saveShared(name, content); err != nil {
			return err
		}
	}
	return s.findEtcd(ctx, client)
}

func (s *server) saveShared(name string, content []byte) error {
	if !slices.Contains(pki.SharedFiles, name) {
		return fmt.Errorf("server sent an unknown file %q", name)
	}
	mode := os.FileMode(0o600)
	if filepath.Ext(name) == ".crt" {
		mode = 0o644
	}
	return os.WriteFile(s.data.TLS(filepath.FromSlash(name)), content, mode)
}

// findEtcd learns where the members of the cluster's etcd listen: beside the API servers.
func (s *server) findEtcd(ctx context.Context, client *supervisor.Client) error {
	servers, err := client.APIServers(ctx)
	if err != nil {
		return err
	}
	for _, server := range servers {
		host, _, err := net.SplitHostPort(server)
		if err != nil {
			return err
		}
		s.etcdJoin = append(s.etcdJoin, "https://"+net.JoinHostPort(host, "2379"))
	}
	if len(s.etcdJoin) == 0 {
		return errors.New("etcd cluster join failed: the cluster has no members")
	}
	s.Logger.Info(fmt.Sprintf("Adding member %s to etcd cluster %v", s.id.Name, s.etcdJoin))
	return nil
}
