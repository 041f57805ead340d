package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	lab "github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/sandbox"
)

// servicePort is always the same: each lab has an address of its own for it.
const servicePort = 8080

const sshPort = 22

// runDaemon is the program inside the sandbox: it starts the lab, tells its starter, and keeps it until it is told to end.
func runDaemon(inside *sandbox.Inside) int {
	report, stay := inside.File(0), inside.File(1)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := serve(ctx, inside, report, stay, logger); err != nil {
		logger.Error("the lab ends", "error", err)
		tell(report, wordError+strings.ReplaceAll(err.Error(), "\n", "\t"))
		return 1
	}
	return 0
}

func serve(ctx context.Context, inside *sandbox.Inside, report, stay *os.File, logger *slog.Logger) (err error) {
	var o order
	if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	if _, err := stay.Read(make([]byte, 1)); err != nil {
		return errors.New("the command that started the lab has ended")
	}
	f := folder(o.Dir)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	staying := make(chan struct{})
	go func() {
		if _, err := stay.Read(make([]byte, 1)); err != nil {
			cancel(errors.New("the command that started the lab has ended"))
			return
		}
		close(staying)
	}()
	rack, err := hosts.NewRack(ctx, hosts.RackOptions{
		ID: inside.ID, Images: map[string]string{"": o.Image}, State: sandbox.StateDir + "/hosts", Logs: f.path(consoles),
	})
	if err != nil {
		return err
	}
	l, err := lab.Start(ctx, rack, lab.Options{
		Dir: o.Dir, Hosts: o.Hosts, ServicePort: servicePort, ControlPlane: o.ControlPlane, Logger: logger,
		Containers: o.Containers, Cluster: o.Cluster, ClusterPort: lab.ClusterPort, Kubernetes: o.Kubernetes, KubernetesBinary: o.KubernetesBinary,
		Outside:  &lab.Outside{Path: o.Dir, Listen: inside.ListenOutside},
		Progress: func(line string) { tell(report, wordProgress+line) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close(ctx)) }()
	control, err := listenControl(f, l)
	if err != nil {
		return err
	}
	defer func() { _ = control.Close() }()
	s := describe(l)
	s.ID, s.Env = inside.ID, l.EnvInside()
	ready, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("describing the lab: %w", err)
	}
	tell(report, wordReady+string(ready))
	select {
	case <-staying:
		stayWhile(ctx, f)
	case <-ctx.Done():
	}
	logger.Info("the lab ends", "cause", context.Cause(ctx))
	return nil
}

// stayWhile returns when ctx ends, or when somebody has removed the lab's folder: no command could end the lab any more.
func stayWhile(ctx context.Context, f folder) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := os.Stat(f.path(stateFile)); errors.Is(err, fs.ErrNotExist) {
				return
			}
		}
	}
}

// tell writes a line to the starter. One that has ended is noticed by its other pipe.
func tell(report *os.File, line string) { _, _ = fmt.Fprintln(report, line) }

// describe is the part of the state that changes while the lab runs.
func describe(l *lab.Lab) (s state) {
	for i, host := range l.Hosts() {
		s.Hosts = append(s.Hosts, hostState{
			Name: host.Name(), Address: host.Address().String(), Outside: l.Outside(i), Running: host.Running(),
		})
	}
	s.Containers = l.Containers()
	s.Ports = map[int]int{sshPort: l.OutsidePort(sshPort), lab.ClusterPort: l.OutsidePort(lab.ClusterPort)}
	if cluster := l.Cluster(); cluster != nil {
		s.Cluster = &clusterState{
			Address: cluster.Address().String(), Outside: l.ClusterOutside().String(), Running: cluster.Running(),
		}
	}
	return s
}

// listenControl serves the other lab commands on a socket in the lab's folder.
func listenControl(f folder, l *lab.Lab) (*http.Server, error) {
	var listener net.Listener
	err := f.within(func() (err error) {
		listener, err = net.Listen("unix", socketFile) //nolint:noctx // a local socket is there at once
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listening for commands: %w", err)
	}
	if err := os.Chmod(f.path(socketFile), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protecting the command socket: %w", err), listener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(describe(l))
	})
	mux.HandleFunc("POST /hosts/{host}/{fault}", func(w http.ResponseWriter, r *http.Request) {
		if err := inflict(r.Context(), l, r.PathValue("host"), r.PathValue("fault")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return server, nil
}

// inflict does what lab fault asks for.
func inflict(ctx context.Context, l *lab.Lab, name, fault string) error {
	for _, host := range l.Hosts() {
		if host.Name() != name {
			continue
		}
		do, ok := faults(host)[fault]
		if !ok {
			return fmt.Errorf("there is no fault %q", fault)
		}
		return do(ctx)
	}
	return fmt.Errorf("there is no host %q", name)
}

func faults(host *hosts.Host) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"off":       host.PowerOff,
		"on":        host.PowerOn,
		"cut":       host.PowerCut,
		"reboot":    host.Reboot,
		"partition": host.Partition,
		"heal":      host.Heal,
		"fill":      func(context.Context) error { return host.FillDisk(0) },
		"free":      func(context.Context) error { return host.FreeDisk() },
	}
}
