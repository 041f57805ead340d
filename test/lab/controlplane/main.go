// Command lab-controlplane is a Kubernetes control plane in one binary: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and
// KWOK, each run as a child of `lab-controlplane run`, which also plays what the controllers of installed charts would do.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
	"k8s.io/component-base/version"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/internal/server"
)

const usage = `usage: lab-controlplane COMMAND [flags]

  run          run one control plane server (see run --help)
  version      print the Kubernetes version
  etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok
               the components, run by run
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	command := os.Args[1]
	if component, ok := components()[command]; ok {
		// Every component reads its flags from os.Args.
		os.Args = append([]string{command}, os.Args[2:]...)
		os.Exit(component())
	}
	if err := own(command, os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "lab-controlplane %s: %v\n", command, err)
		os.Exit(1)
	}
}

// own runs the commands that are not a Kubernetes component.
func own(command string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch command {
	case "run":
		return run(ctx, args)
	case "version":
		fmt.Println(version.Get().GitVersion)
		return nil
	}
	fmt.Fprint(os.Stderr, usage)
	return fmt.Errorf("no such command")
}

func run(ctx context.Context, args []string) error {
	var options server.Options
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	options.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := options.Complete(); err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return server.Run(ctx, options, logger)
}
