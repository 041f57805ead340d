package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

// options are the flags of a command that works on a server of this host.
type options struct {
	*flag.FlagSet
	dataDir string
	server  string
	token   string
}

// newOptions declares the flags that these commands share. The data directory is that of the server's configuration.
func newOptions(name string) *options {
	o := &options{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	o.SetOutput(io.Discard)
	dataDir := "/var/lib/rancher/rke2"
	s, err := settings.Load(settings.Options{
		Command: "server", Version: version, Getenv: os.Getenv, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		dataDir = s.String("data-dir")
	}
	for _, n := range []string{"data-dir", "d"} {
		o.StringVar(&o.dataDir, n, dataDir, "folder of the server's state")
	}
	for _, n := range []string{"server", "s"} {
		o.StringVar(&o.server, n, "https://127.0.0.1:"+supervisor.Port, "server to ask")
	}
	for _, n := range []string{"token", "t"} {
		o.StringVar(&o.token, n, os.Getenv("RKE2_TOKEN"), "server token")
	}
	return o
}

// parse reads flags and arguments in any order and returns the arguments.
func (o *options) parse(args []string) ([]string, error) {
	var rest []string
	for {
		if err := o.Parse(args); err != nil {
			return nil, fmt.Errorf("%s", strings.Replace(err.Error(), "flag provided but not defined: --", "flag provided but not defined: -", 1))
		}
		if o.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, o.Arg(0)), o.Args()[1:]
	}
}

func (o *options) data() layout.Data { return layout.Data(o.dataDir) }

// connect reaches the running server with the given token, or the one that it keeps on this host.
func (o *options) connect(ctx context.Context) (*supervisor.Client, error) {
	token := o.token
	if token == "" {
		content, err := os.ReadFile(o.data().Token())
		if err != nil {
			return nil, err
		}
		token = string(content)
	}
	return supervisor.Connect(ctx, supervisor.ClientOptions{Server: o.server, Token: token})
}

// subcommand picks the command that the first argument names.
func subcommand(name string, args []string, known map[string]command) (command, []string, error) {
	if len(args) == 0 {
		return nil, nil, fmt.Errorf("%s: no command given", name)
	}
	do, ok := known[args[0]]
	if !ok {
		return nil, nil, fmt.Errorf("No help topic for '%s'", args[0]) //nolint:staticcheck // the real program's words
	}
	return do, args[1:], nil
}
