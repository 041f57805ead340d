package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"sigs.k8s.io/yaml"
)

const (
	stateDir     = "/var/lib/lab-k3d"
	controlPlane = "/usr/libexec/lab/lab-controlplane"
	startLimit   = 3 * time.Minute
	poll         = 50 * time.Millisecond
)

// cluster is what is remembered of one.
type cluster struct {
	Name    string `json:"name"`
	Servers int    `json:"servers"`
	Agents  int    `json:"agents"`
	Image   string `json:"image"`
	Network string `json:"network"`
	Subnet  string `json:"subnet"`
	Port    int    `json:"port"`
}

// configuration is the part of k3d's configuration file that the stand-in minds. What it does not know is an error, as it is with k3d.
type configuration struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Servers int    `json:"servers"`
	Agents  int    `json:"agents"`
	Image   string `json:"image"`
	Network string `json:"network"`
	Subnet  string `json:"subnet"`
	KubeAPI struct {
		HostIP   string `json:"hostIP"`
		HostPort string `json:"hostPort"`
	} `json:"kubeAPI"`
	Ports   []filtered `json:"ports"`
	Options struct {
		K3d struct {
			Wait    bool   `json:"wait"`
			Timeout string `json:"timeout"`
		} `json:"k3d"`
		K3s struct {
			ExtraArgs []filtered `json:"extraArgs"`
		} `json:"k3s"`
		Kubeconfig struct {
			Update bool `json:"updateDefaultKubeconfig"`
			Switch bool `json:"switchCurrentContext"`
		} `json:"kubeconfig"`
	} `json:"options"`
}

type filtered struct {
	Port        string   `json:"port"`
	Arg         string   `json:"arg"`
	NodeFilters []string `json:"nodeFilters"`
}

func read(path string) (cluster, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return cluster{}, err
	}
	var f configuration
	if err := yaml.UnmarshalStrict(raw, &f); err != nil {
		return cluster{}, fmt.Errorf("schema validation failed for config file %s: %w", path, err)
	}
	if f.APIVersion != "k3d.io/v1alpha5" || f.Kind != "Simple" {
		return cluster{}, fmt.Errorf("unknown config: %s %s", f.APIVersion, f.Kind)
	}
	port, err := strconv.Atoi(f.KubeAPI.HostPort)
	if err != nil || f.KubeAPI.HostIP != "127.0.0.1" {
		return cluster{}, fmt.Errorf("the stand-in serves an API on loopback, not on %s:%s", f.KubeAPI.HostIP, f.KubeAPI.HostPort)
	}
	c := cluster{Name: f.Metadata.Name, Servers: f.Servers, Agents: f.Agents, Image: f.Image, Network: f.Network, Subnet: f.Subnet, Port: port}
	if c.Network == "" {
		c.Network = "k3d-" + c.Name
	}
	if c.Subnet == "" {
		c.Subnet = "172.18.0.0/16"
	}
	return c, nil
}

func (c cluster) dir() string  { return filepath.Join(stateDir, c.Name) }
func (c cluster) data() string { return filepath.Join(c.dir(), "data") }
func (c cluster) unit() string { return "k3d-" + c.Name + "-server-0.service" }

func (c cluster) running() bool {
	return exec.Command("systemctl", "is-active", "--quiet", c.unit()).Run() == nil //nolint:noctx // it ends by itself
}

func (c cluster) save() error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.data(), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir(), "cluster.json"), raw, 0o600)
}

// start runs the control plane as a service and waits until its API is ready.
func (c cluster) start() error {
	if conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)), time.Second); err == nil { //nolint:noctx // it ends by itself
		_ = conn.Close()
		return fmt.Errorf("driver failed programming external connectivity: Bind for 127.0.0.1:%d failed: port is already allocated", c.Port)
	}
	ready := filepath.Join(c.data(), "ready")
	if err := os.Remove(ready); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	address, err := ownAddress()
	if err != nil {
		return err
	}
	args := []string{
		"--quiet", "--collect", "--unit", c.unit(), controlPlane, "run", "--data-dir", c.data(), "--node-name", "k3d-" + c.Name + "-server-0",
		"--node-ip", address, "--bind-address", "127.0.0.1", "--secure-port", strconv.Itoa(c.Port), "--register-node",
	}
	if out, err := exec.Command("systemd-run", args...).CombinedOutput(); err != nil { //nolint:noctx // it ends by itself
		return fmt.Errorf("starting the control plane: %w: %s", err, out)
	}
	for end := time.Now().Add(startLimit); time.Now().Before(end); time.Sleep(poll) {
		if _, err := os.Stat(ready); err == nil {
			return nil
		}
		if !c.running() {
			out, _ := exec.Command("journalctl", "-u", c.unit(), "-n", "5", "-o", "cat").Output() //nolint:noctx // it ends by itself
			return fmt.Errorf("the control plane ended: %s", out)
		}
	}
	return errors.New("failed to start server k3d-" + c.Name + "-server-0: context deadline exceeded")
}

func (c cluster) stop() error {
	if !c.running() {
		return nil
	}
	return exec.Command("systemctl", "stop", c.unit()).Run() //nolint:noctx // it ends by itself
}

// kubeconfig is the administrator's, for the host's loopback.
func (c cluster) kubeconfig() (string, error) {
	raw, err := os.ReadFile(filepath.Join(c.data(), "cred", "admin.kubeconfig"))
	return string(raw), err
}

func find(name string) (cluster, error) {
	var c cluster
	raw, err := os.ReadFile(filepath.Join(stateDir, name, "cluster.json"))
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(raw, &c)
}

func all() ([]cluster, error) {
	entries, err := os.ReadDir(stateDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found []cluster
	for _, e := range entries {
		c, err := find(e.Name())
		if err != nil {
			return nil, err
		}
		found = append(found, c)
	}
	return found, nil
}

// ownAddress is the first address of the host that others can reach.
func ownAddress() (string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String(), nil
		}
	}
	return "", errors.New("the host has no address")
}
