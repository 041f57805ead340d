// Package reloader knows what prometheus-config-reloader does beside a Prometheus: it expands the configuration of a Secret into the file that
// Prometheus reads, once before it starts and again whenever the Secret changes, and then tells Prometheus to read it
// (prometheus-operator:cmd/prometheus-config-reloader/main.go@v0.93.0, thanos:pkg/reloader/reloader.go).
package reloader

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/serve"
)

// options are the flags that the operators of both profiles give.
type options struct {
	config, expanded string
	folders          []string
	// every is how often everything is read again; zero is once, and an end.
	every, retry, timeout time.Duration
	reload, listen        string
}

// Run does its work once with --watch-interval=0, and else until ctx ends. A flag that the real one does not have ends it.
func Run(ctx context.Context, args []string) error {
	o, err := read(args)
	if err != nil {
		return err
	}
	r := newReloader(o)
	if o.every == 0 {
		_, err := r.expand()
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.watch(ctx) })
	if o.listen != "" {
		group.Go(func() error {
			return serve.HTTP(ctx, o.listen, r.handler(), func(at net.Addr) {
				slog.InfoContext(ctx, "stand-in for prometheus-config-reloader listens", "address", at.String())
			})
		})
	}
	return group.Wait()
}

// texts is a flag that may be given several times.
type texts []string

func (t *texts) String() string     { return fmt.Sprint(*t) }
func (t *texts) Set(s string) error { *t = append(*t, s); return nil }

func read(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("prometheus-config-reloader", flag.ContinueOnError)
	flags.StringVar(&o.config, "config-file", "", "config file watched by the reloader")
	flags.StringVar(&o.expanded, "config-envsubst-file", "", "output file for environment variable substituted config file")
	flags.Var((*texts)(&o.folders), "watched-dir", "directory to watch non-recursively")
	flags.DurationVar(&o.every, "watch-interval", 3*time.Minute, "how often the reloader re-reads everything; when set to 0, it runs only once and exits")
	flags.DurationVar(&o.retry, "retry-interval", 5*time.Second, "how long the reloader waits before retrying in case the endpoint returned an error")
	flags.DurationVar(&o.timeout, "reload-timeout", 30*time.Second, "how long the reloader waits for a response from the reload URL")
	flags.StringVar(&o.reload, "reload-url", "http://127.0.0.1:9090/-/reload", "URL to trigger the configuration")
	flags.StringVar(&o.listen, "listen-address", "", "address on which to expose metrics (disabled when empty)")
	flags.Duration("delay-interval", time.Second, "not minded: changes are looked for that often")
	for _, name := range []string{
		"auto-gomemlimit-ratio", "reload-method", "process-executable-name", "statefulset-ordinal-from-envvar", "web-config-file", "log-format", "log-level", "runtimeinfo-url",
	} {
		flags.String(name, "", "not minded")
	}
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("reading the arguments of prometheus-config-reloader: %w", err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected %s", flags.Arg(0))
	}
	return o, nil
}

// tell asks Prometheus to read its configuration.
func (r *reloader) tell(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.reload, http.NoBody)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("trigger reload: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 4096)) // what is missing of it is not worth an error of its own
		return fmt.Errorf("received non-200 response: %s; %s; have you set `--web.enable-lifecycle` Prometheus flag?", response.Status, reason)
	}
	return nil
}
