package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// fatal says what failed the way k3d does.
func fatal(format string, args ...any) error {
	return fmt.Errorf("\x1b[31mFATA\x1b[0m[0000] %w", fmt.Errorf(format, args...))
}

// k3d runs a command.
func k3d(args []string) error {
	line := strings.Join(args, " ")
	if line == "version" {
		fmt.Printf("k3d version %s\nk3s version v1.35.7-k3s1 (default)\n", version)
		return nil
	}
	if err := daemon(); err != nil {
		return fatal("runtime failed to list nodes: %w", err)
	}
	switch {
	case strings.HasPrefix(line, "cluster create --config "):
		return create(args[3])
	case line == "cluster list -o json":
		return list()
	case strings.HasPrefix(line, "cluster start "), strings.HasPrefix(line, "cluster stop "), strings.HasPrefix(line, "cluster delete "), strings.HasPrefix(line, "kubeconfig get "):
		return onCluster(args[0]+" "+args[1], args[2])
	}
	return fatal("the stand-in knows no %q", line)
}

func create(path string) error {
	c, err := read(path)
	if err != nil {
		return fatal("%w", err)
	}
	if _, err := find(c.Name); err == nil {
		return fatal("Failed to create cluster '%s' because a cluster with that name already exists", c.Name)
	}
	if err := c.save(); err != nil {
		return fatal("%w", err)
	}
	if err := c.start(); err != nil {
		_ = c.stop()
		_ = os.RemoveAll(c.dir())
		return fatal("Cluster creation FAILED, all changes have been rolled back: %w", err)
	}
	return nil
}

func onCluster(command, name string) error {
	c, err := find(name)
	if err != nil {
		return fatal("No nodes found for cluster '%s': %w", name, err)
	}
	switch command {
	case "cluster start":
		if c.running() {
			return nil
		}
		err = c.start()
	case "cluster stop":
		err = c.stop()
	case "cluster delete":
		if err = c.stop(); err == nil {
			err = os.RemoveAll(c.dir())
		}
	default:
		var text string
		text, err = c.kubeconfig()
		fmt.Print(text)
	}
	if err != nil {
		return fatal("%w", err)
	}
	return nil
}

// list writes what k3d's list has (k3d:cmd/cluster/clusterList.go), as far as anybody looks at it.
func list() error {
	clusters, err := all()
	if err != nil {
		return fatal("%w", err)
	}
	out := make([]map[string]any, 0, len(clusters))
	for _, c := range clusters {
		servers, agents := 0, 0
		if c.running() {
			servers, agents = c.Servers, c.Agents
		}
		var nodes []map[string]any
		for i := range c.Servers {
			nodes = append(nodes, map[string]any{"name": fmt.Sprintf("k3d-%s-server-%d", c.Name, i), "role": "server", "image": c.Image, "created": time.Time{}})
		}
		out = append(out, map[string]any{
			"name": c.Name, "network": map[string]any{"name": c.Network}, "nodes": nodes, "hasLoadbalancer": true,
			"serversCount": c.Servers, "serversRunning": servers, "agentsCount": c.Agents, "agentsRunning": agents,
		})
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}
