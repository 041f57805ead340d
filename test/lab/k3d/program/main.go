// Command k3d is a stand-in for k3d and, called docker, for the little of Docker that goes with it. A cluster is one control plane of
// the test lab with a simulated node, run by systemd in the place of containers.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// version is set by the build.
var version = "v0.0.0"

func main() {
	run := k3d
	if filepath.Base(os.Args[0]) == "docker" {
		run = docker
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
