package main

import (
	"os"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlerrors "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	kwoksignals "sigs.k8s.io/kwok/pkg/utils/signals"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/server"
)

// components are the programs in this binary. Each takes its flags from os.Args and returns its exit code. They are made one at a time:
// making a component registers signal handlers, which works once in a process.
func components() map[string]func() int {
	return map[string]func() int{
		server.Etcd:              func() int { etcdmain.Main(os.Args); return 0 },
		server.APIServer:         func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
		server.ControllerManager: func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
		server.Scheduler:         func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
		server.Kwok:              runKwok,
		"kube-proxy":             func() int { return cli.Run(proxy.NewProxyCommand()) },
		"kubectl":                runKubectl,
	}
}

// runKubectl ends as kubectl does: its own words for errors, and no usage behind them (kubernetes:cmd/kubectl/kubectl.go).
func runKubectl() int {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlerrors.CheckErr(err)
	}
	return 0
}

func runKwok() int {
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, logger := kwoklog.InitFlags(kwoksignals.SetupSignalContext(), flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		logger.Error("reading flags", "err", err)
		return 1
	}
	command := kwok.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	command.Version = "" // cobra would read the --version flag that the Kubernetes components share, and take it for a bool
	if err := command.ExecuteContext(ctx); err != nil {
		logger.Error("kwok", "err", err)
		return 1
	}
	return 0
}
