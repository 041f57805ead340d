package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/agent"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/hostinfo"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

const (
	apiPort            = "6443"
	defaultClusterCIDR = "10.42.0.0/16"
	defaultServiceCIDR = "10.43.0.0/16"
)

// validate refuses settings that the real server refuses, before anything is written.
func (s *server) validate(context.Context) error {
	if os.Getuid() != 0 {
		return errors.New("server must run as root, or with --rootless and/or --disable-agent")
	}
	var err error
	if s.cni, _, err = s.Settings.CNI(); err != nil {
		return err
	}
	if _, err := s.Settings.Ingress(s.Version); err != nil {
		return err
	}
	if err := s.checkFlags(); err != nil {
		return err
	}
	if err := agent.Check(s.Settings); err != nil {
		return err
	}
	return s.networks()
}

// checkFlags refuses flags that do not go together or have a wrong value.
func (s *server) checkFlags() error {
	if err := s.checkReset(); err != nil {
		return err
	}
	if mode := s.Settings.String("write-kubeconfig-mode"); mode != "" {
		if _, err := strconv.ParseUint(mode, 8, 32); err != nil {
			return fmt.Errorf("invalid write-kubeconfig-mode %q: %w", mode, err)
		}
	}
	if s.Settings.Bool("disable-etcd") && s.Settings.String("server") == "" {
		return errors.New("invalid flag use; --server is required with --disable-etcd")
	}
	if profile := s.Settings.String("profile"); strings.HasPrefix(profile, "cis") {
		if _, err := user.Lookup("etcd"); err != nil {
			return fmt.Errorf("missing required: %w", err)
		}
	} else if profile != "" && profile != "etcd" {
		return fmt.Errorf("invalid value provided for --profile flag: %s", profile)
	}
	return nil
}

func (s *server) checkReset() error {
	if s.Settings.String("cluster-reset-restore-path") != "" && !s.Settings.Bool("cluster-reset") {
		return errors.New("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	}
	if s.Settings.Bool("cluster-reset") && s.Settings.String("server") == "" {
		return errors.New("the test lab's stand-in can neither reset nor restore a cluster")
	}
	return nil
}

// networks reads the address ranges and works out what the cluster's nodes are told.
func (s *server) networks() error {
	cidrs := map[string]string{"cluster-cidr": defaultClusterCIDR, "service-cidr": defaultServiceCIDR}
	for key := range cidrs {
		if given := s.Settings.List(key); len(given) > 0 {
			cidrs[key] = given[0]
		}
		if _, _, err := net.ParseCIDR(cidrs[key]); err != nil {
			return fmt.Errorf("invalid %s %s: %w", key, cidrs[key], err)
		}
	}
	dns, err := hostinfo.NthAddress(cidrs["service-cidr"], 10)
	if err != nil {
		return err
	}
	if given := s.Settings.List("cluster-dns"); len(given) > 0 {
		if dns = net.ParseIP(given[0]); dns == nil {
			return fmt.Errorf("invalid cluster-dns address %s", given[0])
		}
	}
	s.cluster = supervisor.ClusterConfig{
		ClusterIPRange: cidrs["cluster-cidr"], ServiceIPRange: cidrs["service-cidr"], ClusterDNS: dns.String(),
		ClusterDomain: s.Settings.String("cluster-domain"), SupervisorPort: 9345, HTTPSPort: 6443,
		DisableKubeProxy: s.Settings.Bool("disable-kube-proxy"), CNI: s.cni,
	}
	s.cluster.Critical = s.critical()
	return nil
}

// critical is what must be the same on all servers of a cluster (docs.rke2.io, "High Availability").
func (s *server) critical() string {
	return strings.Join([]string{
		"ClusterIPRange=" + s.cluster.ClusterIPRange, "ServiceIPRange=" + s.cluster.ServiceIPRange,
		"ClusterDNS=" + s.cluster.ClusterDNS, "ClusterDomain=" + s.cluster.ClusterDomain,
		"DisableCCM=" + strconv.FormatBool(s.Settings.Bool("disable-cloud-controller")),
		"DisableKubeProxy=" + strconv.FormatBool(s.Settings.Bool("disable-kube-proxy")),
		"EgressSelectorMode=" + s.Settings.String("egress-selector-mode"),
	}, ",")
}

func (s *server) identify(context.Context) error {
	id, err := agent.Identify(s.Settings)
	s.id = id
	return err
}

func (s *server) prepareDataDir(context.Context) error {
	for _, dir := range []string{s.data.TLS("etcd"), filepath.Dir(s.data.Passwd()), s.data.Manifests(), s.data.Snapshots()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	probe := s.data.Server(".writable")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return err
	}
	if err := os.Remove(probe); err != nil {
		return err
	}
	return s.Faults.Crash("/run")
}

// hasDatabase reports whether this host was a member of a cluster before.
func (s *server) hasDatabase() bool {
	_, err := os.Stat(filepath.Join(s.data.Etcd(), "member"))
	return err == nil
}
