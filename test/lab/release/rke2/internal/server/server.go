// Package server knows how an RKE2 server starts: certificates, tokens, supervisor, control plane, kubeconfig, packaged components, and
// last its own agent.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/agent"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/bundled"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/faults"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/pki"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/process"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

const (
	hookPause    = 100 * time.Millisecond
	hookDeadline = time.Minute
)

// Options say which server runs.
type Options struct {
	Settings *settings.Settings
	Version  string
	Faults   faults.Faults
	Ready    func() error // tells the service manager
	Logger   *slog.Logger
}

// server is one run.
type server struct {
	Options
	data     layout.Data
	id       agent.Identity
	cluster  supervisor.ClusterConfig
	cni      string
	mu       sync.Mutex // guards users
	users    supervisor.Users
	etcdJoin []string
	listener net.Listener
	ready    atomic.Bool
}

// Run starts a server and keeps it running until ctx ends. An error before it is ready is what the real program would give up with.
func Run(ctx context.Context, o Options) error {
	s := &server{Options: o, data: layout.Data(o.Settings.String("data-dir"))}
	for _, step := range []func(context.Context) error{
		s.validate, s.identify, s.prepareDataDir, s.joinCluster, s.prepareTLS, s.prepareTokens, s.listen,
	} {
		if err := step(ctx); err != nil {
			return startError(ctx, err)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := supervisor.Serve(ctx, s.listener, s.supervisorOptions()); err != nil {
			cancel(err)
		}
	}()
	if err := s.startControlPlane(ctx, cancel); err != nil {
		return startError(ctx, err)
	}
	return s.serve(ctx, cancel)
}

// startError words a failure before readiness; being told to stop is none.
func startError(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return nil
	}
	return fmt.Errorf("starting kubernetes: preparing server: %w", err)
}

// serve does what follows when the API server answers.
func (s *server) serve(ctx context.Context, cancel context.CancelCauseFunc) error {
	s.Logger.Info("Kube API server is now running")
	api, err := s.adminClient()
	if err != nil {
		return err
	}
	hooks := func() error {
		if err := (bundled.Installer{API: api, Logger: s.Logger}).Definitions(ctx); err != nil {
			return err
		}
		return s.checkToken(ctx, api)
	}
	if err := settle(ctx, hooks); err != nil {
		return startError(ctx, err)
	}
	s.runControllers(ctx, api)
	if !s.Settings.Bool("disable-agent") {
		go func() {
			if err := s.runAgent(ctx); err != nil {
				cancel(err)
			}
		}()
	}
	if err := s.announce(ctx); err != nil {
		return err
	}
	if after := s.Faults.CrashAfter; after > 0 {
		time.AfterFunc(after, func() { cancel(fmt.Errorf("crash requested by fault crash-after %s", after)) })
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// settle repeats the start-up hooks while a young API server refuses them; a wrong token stays wrong.
func settle(ctx context.Context, hooks func() error) error {
	tick := time.NewTicker(hookPause)
	defer tick.Stop()
	deadline := time.After(hookDeadline)
	for {
		err := hooks()
		if err == nil || errors.Is(err, errToken) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return err
		case <-tick.C:
		}
	}
}

func (s *server) announce(ctx context.Context) error {
	select {
	case <-time.After(s.Faults.ReadyDelay):
	case <-ctx.Done():
		return nil
	}
	s.Logger.Info("rke2 is up and running")
	return s.Ready()
}

func (s *server) runAgent(ctx context.Context) error {
	token, err := os.ReadFile(s.data.Token())
	if err != nil {
		return err
	}
	err = agent.Run(ctx, agent.Options{
		Settings: s.Settings, Version: s.Version, Data: s.data, Server: "https://127.0.0.1:" + supervisor.Port,
		Token: string(token), Silent: s.Faults.SilentNode, StaticPods: s.staticPods(), Logger: s.Logger,
	})
	if ctx.Err() != nil {
		err = nil
	}
	return err
}

// adminClient returns a client with the administrator's rights.
func (s *server) adminClient() (*kubeapi.Client, error) {
	o, err := kubeapi.ReadKubeconfig(s.data.AdminKubeconfig())
	if err != nil {
		return nil, err
	}
	o.Agent = "rke2"
	return kubeapi.New(o)
}

func (s *server) prepareTLS(context.Context) error { return pki.Ensure(s.data.TLS()) }

// listen takes the supervisor's port before the control plane starts, and finds out early that the API server's is taken by somebody
// else than an earlier run of this server.
func (s *server) listen(ctx context.Context) error {
	address := s.Settings.String("bind-address")
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(address, supervisor.Port))
	if err != nil {
		return fmt.Errorf("start cluster and https: %w", err)
	}
	s.listener = listener
	if process.Running(s.controlPlaneOptions()) {
		return nil
	}
	probe, err := config.Listen(ctx, "tcp", net.JoinHostPort(address, apiPort))
	if err != nil {
		return fmt.Errorf("start kube-apiserver: failed to create listener: %w", err)
	}
	return probe.Close()
}

func (s *server) supervisorOptions() supervisor.Options {
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", s.id.Name}
	ips := append([]net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, s.id.IPs...)
	for _, san := range append(s.Settings.List("tls-san"), s.Settings.List("advertise-address")...) {
		if ip := net.ParseIP(san); ip != nil {
			ips = append(ips, ip)
		} else {
			names = append(names, san)
		}
	}
	return supervisor.Options{
		TLSDir: s.data.TLS(), Names: names, IPs: ips, Users: s.currentUsers, Cluster: s.cluster,
		Nodes: &supervisor.NodePasswords{API: s.readyClient}, Servers: s.apiServers, Ready: s.ready.Load,
		Commands: s.commandEndpoints(), Logger: s.Logger,
	}
}

func (s *server) currentUsers() supervisor.Users {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users
}

func (s *server) readyClient() (*kubeapi.Client, error) {
	if !s.ready.Load() {
		return nil, errors.New("runtime core not ready")
	}
	return s.adminClient()
}

// apiServers lists the API servers of the cluster.
func (s *server) apiServers(ctx context.Context) ([]string, error) {
	api, err := s.readyClient()
	if err != nil {
		return nil, err
	}
	slice, err := api.Get(ctx, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, item := range kubeapi.List(slice, "endpoints") {
		endpoint, _ := item.(kubeapi.Object)
		for _, address := range kubeapi.List(endpoint, "addresses") {
			if text, ok := address.(string); ok {
				out = append(out, net.JoinHostPort(text, apiPort))
			}
		}
	}
	return out, nil
}
