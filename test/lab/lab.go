// Package lab knows how to run all that the provider's tests need on one machine: hosts, a release server and a chart server, in
// namespaces of their own.
package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// ServicePort is where the release server and the chart server listen, on hosts.Gateway.
const ServicePort = 8080

// ControlPlanePath is where every host sees the lab's control plane binary.
const ControlPlanePath = "/usr/libexec/lab/lab-controlplane"

// Options describe a lab.
type Options struct {
	Dir          string        // folder for the SSH key, known_hosts and the like
	Hosts        int           // how many
	Host         hosts.Options // what they are like; names are given
	ControlPlane string        // path of the control plane binary on this machine, "" for hosts without one
	Outside      *Outside      // addresses outside the lab's namespaces, nil for none
	Logger       *slog.Logger  // nil for none
	Progress     func(string)  // gets a line for each step, nil for none
}

// Lab is a running lab.
type Lab struct {
	dir     string
	hosts   []*hosts.Host
	key     hosts.Key
	block   netip.Prefix // of the addresses outside, invalid when there are none
	close   []func() error
	running sync.WaitGroup
}

// Start starts a lab on a rack. What it started is stopped again when it fails.
func Start(ctx context.Context, rack *hosts.Rack, o Options) (lab *Lab, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	l := &Lab{dir: o.Dir, key: rack.Key()}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if err := l.startServices(ctx, o); err != nil {
		return nil, err
	}
	if err := l.startHosts(ctx, rack, o); err != nil {
		return nil, err
	}
	if o.Outside != nil {
		o.Progress("opening loopback addresses")
		if err := l.openOutside(ctx, o); err != nil {
			return nil, err
		}
	}
	if err := l.writeFiles(); err != nil {
		return nil, err
	}
	return l, nil
}

// Hosts are the lab's hosts, in the order of their names.
func (l *Lab) Hosts() []*hosts.Host { return l.hosts }

// Close stops the lab: hosts lose their power, addresses outside are closed.
func (l *Lab) Close() error {
	var errs []error
	for i := len(l.close) - 1; i >= 0; i-- {
		errs = append(errs, l.close[i]())
	}
	l.close = nil
	l.running.Wait()
	return errors.Join(errs...)
}

func (l *Lab) startHosts(ctx context.Context, rack *hosts.Rack, o Options) error {
	options := o.Host
	if o.ControlPlane != "" {
		options.Binds = append([]hosts.Bind{{Source: o.ControlPlane, Target: ControlPlanePath}}, options.Binds...)
	}
	// built one after the other, so that host n has address n, and booted together
	off := options.Off
	options.Off = true
	for i := range o.Hosts {
		options.Name = fmt.Sprintf("h%d", i+1)
		host, err := rack.Add(ctx, options)
		if err != nil {
			return err
		}
		l.hosts = append(l.hosts, host)
		l.close = append(l.close, host.Close)
	}
	if off {
		return nil
	}
	errs := make([]error, len(l.hosts))
	var booting sync.WaitGroup
	for i, host := range l.hosts {
		booting.Go(func() {
			start := time.Now()
			if errs[i] = host.PowerOn(ctx); errs[i] == nil {
				o.Progress(fmt.Sprintf("host %s is up (%s)", host.Name(), time.Since(start).Round(10*time.Millisecond)))
			}
		})
	}
	booting.Wait()
	return errors.Join(errs...)
}

// startServices serves releases and charts on the hosts' network.
func (l *Lab) startServices(ctx context.Context, o Options) error {
	handler, err := services(ctx, o)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(hosts.Gateway, fmt.Sprint(ServicePort)))
	if err != nil {
		return fmt.Errorf("listening for the lab's services: %w", err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
	l.running.Go(func() { _ = server.Serve(listener) })
	l.close = append(l.close, server.Close)
	return nil
}

// File names in the lab's folder.
const (
	keyFile        = "id_ed25519"
	knownHostsFile = "known_hosts"
	envFile        = "env"
)

// Files are the names of all files that a lab writes to its folder.
func Files() []string { return []string{keyFile, keyFile + ".pub", knownHostsFile, envFile} }

func (l *Lab) writeFiles() error {
	if l.dir == "" {
		return nil
	}
	var known strings.Builder
	for i, host := range l.hosts {
		line := host.KnownHost()
		known.WriteString(line + "\n")
		if l.block.IsValid() {
			_, key, _ := strings.Cut(line, " ")
			known.WriteString(l.Outside(i) + " " + key + "\n")
		}
	}
	for _, file := range []struct {
		name, text string
		mode       os.FileMode
	}{
		{keyFile, string(l.key.Private), 0o600},
		{keyFile + ".pub", l.key.Authorized + "\n", 0o644},
		{knownHostsFile, known.String(), 0o644},
		{envFile, l.exports(), 0o644},
	} {
		path := filepath.Join(l.dir, file.name)
		if err := os.WriteFile(path, []byte(file.text), file.mode); err != nil {
			return fmt.Errorf("writing the lab's files: %w", err)
		}
	}
	return nil
}
