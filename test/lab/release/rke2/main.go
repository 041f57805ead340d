// Command rke2 is the test lab's stand-in for the program of the same name: the same commands, configuration, files, ports and messages
// on a host, with a real control plane behind it and simulated pods. It is no Kubernetes distribution.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/agent"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/faults"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/journal"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/sdnotify"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/server"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
)

// version and commit are set when a release is built.
var (
	version = "v0.0.0+lab"
	commit  = "0000000000000000000000000000000000000000"
)

const help = `NAME:
   rke2 - stand-in for Rancher Kubernetes Engine 2 in a test lab

USAGE:
   rke2 [global options] command [command options]

COMMANDS:
   server         Run management server
   agent          Run node agent
   etcd-snapshot  Take, list, delete and prune etcd snapshots
   token          Make and rotate server tokens
   certificate    Check and rotate certificates

GLOBAL OPTIONS:
   --help, -h     show help
   --version, -v  print the version
`

// command is one word of the command line. It gets what follows the word.
type command func(ctx context.Context, args []string, logger *slog.Logger) error

func commands() map[string]command {
	return map[string]command{
		"server": runServer, "agent": runAgent, "etcd-snapshot": runSnapshot, "token": runToken, "certificate": runCertificate,
	}
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run dispatches a command line and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	switch args[0] {
	case "--version", "-v":
		_, _ = fmt.Fprintf(stdout, "rke2 version %s (%s)\ngo version %s\n", version, commit, runtime.Version())
		return 0
	case "--help", "-h", "help", "h":
		_, _ = io.WriteString(stdout, help)
		return 0
	}
	logger := journal.New(stderr, slog.LevelInfo)
	do, ok := commands()[args[0]]
	if !ok {
		_, _ = fmt.Fprintf(stdout, "No help topic for '%s'\n", args[0])
		return 3
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := do(ctx, args[1:], logger); err != nil {
		logger.Log(context.Background(), journal.Fatal, err.Error())
		return 1
	}
	return 0
}

// node is what server and agent have in common before they part.
type node struct {
	settings *settings.Settings
	faults   faults.Faults
	logger   *slog.Logger
}

func load(name string, args []string, logger *slog.Logger) (node, error) {
	s, err := settings.Load(settings.Options{Command: name, Version: version, Args: args, Getenv: os.Getenv, Logger: logger})
	if err != nil {
		return node{}, err
	}
	if s.Bool("debug") {
		logger = journal.New(os.Stderr, slog.LevelDebug)
	}
	f, err := faults.Load(layout.FaultsFile, os.Getenv)
	if err != nil {
		return node{}, err
	}
	if f.IgnoreSIGTERM {
		signal.Ignore(syscall.SIGTERM)
	}
	return node{settings: s, faults: f, logger: logger}, nil
}

func runServer(ctx context.Context, args []string, logger *slog.Logger) error {
	n, err := load("server", args, logger)
	if err != nil {
		return err
	}
	n.logger.Info(fmt.Sprintf("Starting rke2 %s (%s), the test lab's stand-in", version, commit))
	return server.Run(ctx, server.Options{
		Settings: n.settings, Version: version, Faults: n.faults, Ready: sdnotify.Ready, Logger: n.logger,
	})
}

func runAgent(ctx context.Context, args []string, logger *slog.Logger) error {
	n, err := load("agent", args, logger)
	if err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return errors.New("agent requires additional privilege if not run with --rootless: not running as root")
	}
	token, err := agent.Token(n.settings, "token")
	if err != nil {
		return err
	}
	if token == "" {
		return errors.New("--token is required")
	}
	if n.settings.String("server") == "" {
		return errors.New("--server is required")
	}
	n.logger.Info(fmt.Sprintf("Starting rke2 agent %s (%s), the test lab's stand-in", version, commit))
	if err := n.faults.Crash("/run"); err != nil {
		return err
	}
	ready := sdnotify.Ready
	if n.faults.NeverReady {
		ready = func() error { return nil }
	}
	err = agent.Run(ctx, agent.Options{
		Settings: n.settings, Version: version, Data: layout.Data(n.settings.String("data-dir")), Server: n.settings.String("server"),
		Token: token, Ready: ready, Silent: n.faults.SilentNode, Logger: n.logger,
	})
	if ctx.Err() != nil {
		err = nil
	}
	return err
}
