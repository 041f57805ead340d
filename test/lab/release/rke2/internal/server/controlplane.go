package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/process"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
)

const (
	readyPoll   = 100 * time.Millisecond
	waitMessage = 10 * time.Second
	logLines    = 20
)

func (s *server) controlPlaneOptions() process.Options {
	args := []string{
		"run", "--data-dir", s.data.Server(), "--node-name", s.id.Name, "--node-ip", s.id.IPs[0].String(),
		"--bind-address", s.bindAddress(), "--secure-port", apiPort,
		"--cluster-cidr", s.cluster.ClusterIPRange, "--service-cidr", s.cluster.ServiceIPRange,
		"--etcd-listen", s.id.IPs[0].String(), "--egress-errors", "rke2",
	}
	for _, san := range append(s.Settings.List("tls-san"), s.Settings.List("advertise-address")...) {
		args = append(args, "--tls-san", san)
	}
	binary := os.Getenv("LAB_CONTROLPLANE")
	if binary == "" {
		binary = layout.ControlPlane
	}
	kubernetes := layout.Kubernetes(settings.Minor(s.Version))
	if _, err := os.Stat(kubernetes); err == nil {
		args = append(args, "--kubernetes-binary", kubernetes)
	}
	if containers.Enabled() {
		args = append(args, "--containers", layout.Containers)
	}
	o := process.Options{
		Name: "Control plane", Binary: binary, Args: args, Release: s.Version, Replace: s.certificatesGone(), BeforeStart: s.forgetCredentials,
		LogFile: s.data.Agent("logs", "lab-controlplane.log"), StateFile: s.data.Agent("etc", "lab-controlplane.json"), Logger: s.Logger,
	}
	for _, url := range s.etcdJoin {
		o.FirstArgs = append(o.FirstArgs, "--etcd-join", url)
	}
	return o
}

// certificatesGone reports whether `rke2 certificate rotate` took the API server's certificate away.
func (s *server) certificatesGone() bool {
	_, err := os.Stat(s.data.TLS("serving-kube-apiserver.crt"))
	return errors.Is(err, fs.ErrNotExist)
}

// forgetCredentials removes the administrator's kubeconfig, which a starting control plane writes anew.
func (s *server) forgetCredentials() error {
	if err := os.Remove(s.data.AdminKubeconfig()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *server) bindAddress() string {
	if a := s.Settings.String("bind-address"); a != "" {
		return a
	}
	return "0.0.0.0"
}

// startControlPlane runs the control plane and returns when its API is ready. While the program runs, a control plane that dies is
// started again, as the kubelet does with static pods.
func (s *server) startControlPlane(ctx context.Context, cancel context.CancelCauseFunc) error {
	if s.Faults.NeverReady {
		return s.waitForever(ctx)
	}
	running, err := process.Run(ctx, s.controlPlaneOptions())
	if err != nil {
		return err
	}
	if err := s.waitReady(ctx, running); err != nil {
		return err
	}
	s.ready.Store(true)
	go func() {
		if err := process.Keep(ctx, s.controlPlaneOptions(), running); err != nil {
			cancel(err)
		}
	}()
	return nil
}

func (s *server) waitForever(ctx context.Context) error {
	tick := time.NewTicker(waitMessage)
	defer tick.Stop()
	for {
		s.Logger.Info("Waiting for API server to become available")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// waitReady polls the API until it is ready, and writes the kubeconfig as soon as there are credentials.
func (s *server) waitReady(ctx context.Context, running *process.Process) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	var api *kubeapi.Client
	told := time.Now()
	for {
		if api == nil {
			if client, err := s.adminClient(); err == nil {
				if err := s.writeKubeconfig(); err != nil {
					return err
				}
				api = client
			} else if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if api != nil && api.Ready(ctx) == nil {
			return nil
		}
		if time.Since(told) > waitMessage {
			told = time.Now()
			s.Logger.Info("Waiting for API server to become available")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-running.Done():
			return fmt.Errorf("start kube-apiserver: control plane ended: %w, last log lines: %s", running.Err(),
				process.Tail(s.controlPlaneOptions().LogFile, logLines))
		case <-tick.C:
		}
	}
}

// writeKubeconfig writes the administrator's kubeconfig where the settings want it. When that is not the usual place, the usual place
// becomes a link to it; a link that is there from before is replaced (k3s-io/k3s pkg/server/server.go writeKubeConfig).
func (s *server) writeKubeconfig() error {
	o, err := kubeapi.ReadKubeconfig(s.data.AdminKubeconfig())
	if err != nil {
		return err
	}
	name := s.Settings.String("write-kubeconfig-name")
	if name == "" {
		name = "default"
	}
	content, err := kubeapi.Kubeconfig(o, name)
	if err != nil {
		return err
	}
	target := s.Settings.String("write-kubeconfig")
	if target == "" {
		target = layout.Kubeconfig
	}
	if err := os.MkdirAll(filepath.Dir(layout.Kubeconfig), 0o755); err != nil {
		return err
	}
	if info, err := os.Lstat(layout.Kubeconfig); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if err := os.Remove(layout.Kubeconfig); err != nil {
			return err
		}
	}
	if err := s.putKubeconfig(target, content); err != nil {
		return err
	}
	if target != layout.Kubeconfig {
		if err := link(target, layout.Kubeconfig); err != nil {
			return err
		}
	}
	s.Logger.Info("Wrote kubeconfig " + target)
	s.Logger.Info("Run: rke2 kubectl")
	return nil
}

func (s *server) putKubeconfig(target string, content []byte) error {
	mode := fs.FileMode(0o600)
	if text := s.Settings.String("write-kubeconfig-mode"); text != "" {
		parsed, err := strconv.ParseUint(text, 8, 32)
		if err != nil {
			return err
		}
		mode = fs.FileMode(parsed)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(target, content, 0o600); err != nil {
		return err
	}
	return os.Chmod(target, mode)
}
