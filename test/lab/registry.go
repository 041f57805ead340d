package lab

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// Files by which a host of a lab with containers tells the stand-in rke2 so.
const (
	containersPath = "/usr/libexec/lab/containers" // the images whose containers run, by the last part of their names, one a line
	registryPath   = "/usr/libexec/lab/registry"   // the address of the registry that has them
)

// BuildContainers builds what a lab with Options.Containers needs and the cache does not hold. A lab cannot do it itself: inside there are
// neither package sources nor modules.
func BuildContainers(ctx context.Context, progress func(string)) error {
	if err := hosts.BuildContainers(ctx); err != nil {
		return err
	}
	_, err := containers.Ensure(ctx, progress)
	return err
}

// PrepareContainers is BuildContainers for Main, in test packages that start labs with Options.Containers.
func PrepareContainers(ctx context.Context) error {
	return BuildContainers(ctx, func(line string) { fmt.Fprintln(os.Stderr, "lab:", line) })
}

// startContainers serves the images on a port of its own of the hosts' network, where a registry has to be the only service, and makes hosts
// on which containers run.
func (l *Lab) startContainers(ctx context.Context, o *Options) error {
	begin := time.Now()
	images, err := containers.Ensure(ctx, o.Progress)
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(hosts.Gateway, "0"))
	if err != nil {
		return fmt.Errorf("listening for the registry of images: %w", err)
	}
	server := &http.Server{
		Handler: images.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
	l.running.Go(func() { _ = server.Serve(listener) })
	l.close = append(l.close, func(context.Context) error { return server.Close() })
	names := containers.Names()
	o.Host.Containers = true
	o.Host.Files = append(o.Host.Files[:len(o.Host.Files):len(o.Host.Files)],
		hosts.File{Path: containersPath, Content: "# images whose containers really run\n" + strings.Join(names, "\n") + "\n"},
		hosts.File{Path: registryPath, Content: "http://" + listener.Addr().String() + "\n"})
	l.containers = true
	o.Progress(fmt.Sprintf("containers of %d images will really run (%s)", len(names), time.Since(begin).Round(10*time.Millisecond)))
	return nil
}

// Containers tells whether containers of the lab's images really run on its hosts.
func (l *Lab) Containers() bool { return l.containers }
