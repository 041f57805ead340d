// Command lab-kubernetes is the API server, the controller manager and the scheduler of Kubernetes 1.24 in one binary, for clusters of the
// test lab that play the year 2023. `lab-controlplane run --kubernetes-binary` starts it in place of its own.
package main

import (
	"fmt"
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/component-base/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

const usage = `usage: lab-kubernetes COMPONENT [flags]

  kube-apiserver, kube-controller-manager, kube-scheduler
           a component, with its own flags
  version  print the version of Kubernetes
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	name := os.Args[1]
	// Every component reads its flags from os.Args.
	os.Args = append([]string{name}, os.Args[2:]...)
	switch name {
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "version":
		fmt.Println(version.Get().GitVersion)
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
}
