package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// downFile is there while the daemon does not run.
const downFile = "/run/docker-is-down"

func daemon() error {
	if _, err := os.Stat(downFile); err == nil {
		return errors.New("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?") //nolint:staticcheck // Docker's own words
	}
	return nil
}

// docker answers `docker info` and `docker network inspect NAME`, with the one format that each is asked in.
func docker(args []string) error {
	if err := daemon(); err != nil {
		return err
	}
	switch {
	case len(args) > 0 && args[0] == "info":
		fmt.Println("29.1.0")
		return nil
	case len(args) > 2 && args[0] == "network" && args[1] == "inspect":
		name := args[len(args)-1]
		clusters, err := all()
		if err != nil {
			return err
		}
		for _, c := range clusters {
			if c.Network == name {
				fmt.Println(c.Subnet + " ")
				return nil
			}
		}
		return fmt.Errorf("Error response from daemon: network %s not found", name) //nolint:staticcheck // Docker's own words
	}
	return fmt.Errorf("docker: the stand-in knows no %q", strings.Join(args, " "))
}
