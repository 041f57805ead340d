// Command lab-controlplane is a Kubernetes control plane in one binary: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and
// KWOK, each run as a child of `lab-controlplane run`, which also plays what the controllers of installed charts would do. For nodes with
// containers it is kubelet, kube-proxy and CoreDNS too.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/component-base/version"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/dns"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/kubelet"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/server"
)

const usage = `usage: lab-controlplane COMMAND [flags]

  run          run one control plane server (see run --help)
  etcd-leave   remove a node's member from a server's etcd (see etcd-leave --help)
  etcd-members list the members of a server's etcd
  version      print the Kubernetes version
  etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok
               the components, run by run
  kubelet      run the pods of a node that are more than simulated (see kubelet --help)
  kube-proxy   bring Services to pods
  coredns      answer for the cluster's names (see coredns --help)
  kubectl      the one of this Kubernetes
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
	case "kubelet":
		return kubelet.Run(ctx, args)
	case "coredns":
		return dns.Run(ctx, args)
	case "etcd-leave", "etcd-members":
		return etcd(ctx, command, args)
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

// etcd looks at or changes the membership of the etcd of a server on this machine.
func etcd(ctx context.Context, command string, args []string) error {
	flags := pflag.NewFlagSet(command, pflag.ContinueOnError)
	dataDir := flags.String("data-dir", "", "directory of a server's state")
	node := flags.String("node-name", "", "node whose member is removed")
	urls := flags.StringSlice("endpoint", []string{"https://127.0.0.1:2379"}, "client URL of a member (repeatable)")
	timeout := flags.Duration("timeout", 30*time.Second, "how long to try")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	if command == "etcd-members" {
		lines, err := server.Members(ctx, *dataDir, *urls)
		fmt.Println(strings.Join(lines, "\n"))
		return err
	}
	if *node == "" {
		return errors.New("--node-name is required")
	}
	removed, err := server.Leave(ctx, *dataDir, *node, *urls)
	fmt.Println(strings.Join(removed, "\n"))
	return err
}
