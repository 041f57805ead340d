// Command lab runs a test lab in the background: hosts with real systemd and sshd, a release server, a chart server
// and a cluster, in namespaces of their own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/sandbox"
)

const usage = `usage: lab COMMAND [flags]

  up [--dir .lab] [--hosts 1] [--cluster=false] [--containers] [--bare]
                                       start a lab and wait until it is usable; a cluster of its own is part of it unless
                                       it is turned off; containers: those of the lab's images really run on RKE2 nodes;
                                       bare: no cluster, and hosts without a control plane
  down [--dir .lab]                    stop it and remove all of it
  status [--dir .lab] [--json]         show what runs
  exec [--dir .lab] HOST [COMMAND...]  run a command, or a shell, on a host, by SSH as root
  run [--dir .lab] -- COMMAND...       run a command of this machine inside the lab's network
  fault [--dir .lab] HOST FAULT        off, on, cut, reboot, partition, heal, fill or free
  kubeconfig [--dir .lab] HOST         fetch the kubeconfig of an RKE2 server and print its path
  image [--suite NAME] [--containers]  build the hosts' image; containers: and the container runtime for it
  containers                           build the images of the containers that really run, and list them
  sweep                                remove what killed labs left on this machine
`

type command func(ctx context.Context, args []string) error

func commands() map[string]command {
	return map[string]command{
		"up": up, "down": down, "status": status, "exec": execute, "run": run, "fault": fault, "kubeconfig": kubeconfig, "image": buildImage, "containers": buildContainers,
		"sweep": sweep,
	}
}

func main() {
	if inside := sandbox.Enter(); inside != nil {
		os.Exit(runDaemon(inside))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if name == "help" || name == "-h" || name == "--help" {
		fmt.Print(usage)
		return
	}
	do, ok := commands()[name]
	if !ok {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	os.Exit(exitCode(do(ctx, os.Args[2:])))
}

// exitCode prints an error and returns the code to end with: that of a command that was run for the user, else 1.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return max(1, exit.ExitCode())
	case errors.Is(err, errUsage):
		fmt.Fprintf(os.Stderr, "lab: %v\n\n%s", err, usage)
		return 2
	default:
		fmt.Fprintln(os.Stderr, "lab:", err)
		return 1
	}
}

var errUsage = errors.New("wrong arguments")
