package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/egress"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/pki"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/proc"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/stages"
)

// componentGrace is what children get between SIGTERM and SIGKILL: first all but etcd, then etcd, so that the whole ends within three
// seconds. The API server would drain long requests for a minute.
const componentGrace = 1200 * time.Millisecond

// failureGrace is what they get when one of them has died: nothing that they could still do is of use.
const failureGrace = 100 * time.Millisecond

// Server is one running control plane server.
type Server struct {
	options Options
	ports   ports
	group   *proc.Group
	logger  *slog.Logger
	// proxy is the API server's way into the cluster; nil without life.
	proxy *egress.Proxy
	ready atomic.Bool
}

// Run runs a server until ctx ends, its lifeline is cut or one of its components dies, and returns when all children are gone. The
// error is nil when it was asked to end.
func Run(ctx context.Context, options Options, logger *slog.Logger) error {
	s := &Server{options: options, logger: logger, group: proc.NewGroup(options.path("logs"), logger)}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if options.Lifeline {
		go cutWith(os.Stdin, cancel)
	}
	err := s.start(ctx)
	if err == nil {
		err = s.serve(ctx)
	}
	_ = os.Remove(options.path("ready"))
	if errors.Is(err, context.Canceled) {
		s.group.StopAll(componentGrace, Etcd)
		return nil
	}
	s.group.StopAll(failureGrace, Etcd)
	return err
}

func cutWith(lifeline io.Reader, cancel context.CancelCauseFunc) {
	_, _ = io.Copy(io.Discard, lifeline)
	cancel(nil)
}

// start prepares the files and starts the components that need nobody else, API last.
func (s *Server) start(ctx context.Context) error {
	o := &s.options
	_ = os.Remove(o.path("ready"))
	var err error
	if s.ports, err = o.choosePorts(); err != nil {
		return err
	}
	for _, step := range []func() error{s.writePKI, s.writeKubeconfigs, s.writeConfigs} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := s.startEtcd(ctx); err != nil {
		return err
	}
	egressConfig, err := s.openEgress(ctx)
	if err != nil {
		return err
	}
	if err := s.startChild(APIServer, o.apiServerArgs(s.ports, egressConfig)); err != nil {
		return err
	}
	return writeFile(o.path("port"), []byte(strconv.Itoa(s.ports.api)))
}

// serve brings up what needs the API and waits for the end.
func (s *Server) serve(ctx context.Context) error {
	ready := make(chan error, 1)
	go func() { ready <- s.bringUp(ctx) }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case exit := <-s.group.Exits():
			return fmt.Errorf("%s: %w; end of its log:\n%s", exit.Name, exit.Err, exit.LogTail)
		case err := <-ready:
			if err != nil {
				return err
			}
		}
	}
}

// bringUp starts the controllers as soon as the API answers and says so when the server can be used.
func (s *Server) bringUp(ctx context.Context) error {
	o := &s.options
	began := time.Now()
	if err := s.startChild(ControllerManager, o.controllerManagerArgs()); err != nil {
		return err
	}
	if err := s.startChild(Scheduler, o.schedulerArgs()); err != nil {
		return err
	}
	if err := s.waitReadyz(ctx); err != nil {
		return err
	}
	s.logger.Info("api ready", "after", time.Since(began).Round(time.Millisecond))
	if err := s.startLife(ctx); err != nil {
		return err
	}
	if o.RegisterNode {
		if err := s.registerNode(ctx); err != nil {
			return err
		}
	}
	s.ready.Store(true)
	return writeFile(o.path("ready"), []byte(time.Since(began).String()+"\n"))
}

func (s *Server) startChild(name string, args []string) error {
	path, err := s.program(name)
	if err != nil {
		return err
	}
	return s.group.Start(proc.Spec{
		Name: name, Path: path, Args: append([]string{name}, args...),
		Env:     []string{"HOME=" + s.options.DataDir},
		Restart: func() bool { return s.restarts(name) },
	})
}

// restarts tells whether a child that has ended is started again: the controllers, where they elect a leader and end when they lose the
// lead, and everywhere until the server is ready. On a busy machine the API may take longer than the ten seconds that they wait for it.
func (s *Server) restarts(name string) bool {
	return (name == ControllerManager || name == Scheduler) && (s.options.stacked() || !s.ready.Load())
}

// program is the binary that a component is in.
func (s *Server) program(name string) (string, error) {
	if other := s.options.KubernetesBinary; other != "" && name != Etcd && name != Kwok {
		return other, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	return self, nil
}

func (s *Server) writePKI() error {
	_, services, err := net.ParseCIDR(s.options.ServiceCIDR)
	if err != nil {
		return fmt.Errorf("reading --service-cidr: %w", err)
	}
	first := services.IP
	first[len(first)-1]++
	return pki.Ensure(s.options.tlsDir(), pki.Options{
		NodeName: s.options.NodeName, NodeIP: net.ParseIP(s.options.NodeIP), ServiceIP: first, SANs: s.options.TLSSANs,
	})
}

func (s *Server) writeKubeconfigs() error {
	for file, user := range map[string]string{
		"admin.kubeconfig": "client-admin", "supervisor.kubeconfig": "client-supervisor",
		"controller.kubeconfig": "client-controller", "scheduler.kubeconfig": "client-scheduler",
	} {
		config := pki.Kubeconfig{Path: s.options.cred(file), Server: s.ports.apiURL(), TLSDir: s.options.tlsDir(), User: user}
		if err := config.Write(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) writeConfigs() error {
	content, err := stages.Config(s.options.rule)
	if err != nil {
		return err
	}
	return writeFile(s.options.etc("kwok.yaml"), content)
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
