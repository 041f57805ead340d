package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"

	lab "github.com/dxlab/terraform-provider-lab/test/lab"
)

// kubeconfig fetches the administrator's kubeconfig of an RKE2 server and turns it into one for this machine.
func kubeconfig(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("kubeconfig", flag.ContinueOnError)
	dir := dirFlag(flags)
	if err := parse(flags, args, func(n int) bool { return n == 1 }); err != nil {
		return err
	}
	f, err := openFolder(*dir)
	if err != nil {
		return err
	}
	s, err := f.running()
	if err != nil {
		return err
	}
	host, err := s.host(flags.Arg(0))
	if err != nil {
		return err
	}
	ssh := sshArguments(f, s, host, "cat", "/etc/rancher/rke2/rke2.yaml")
	out, err := exec.CommandContext(ctx, ssh[0], ssh[1:]...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("fetching the kubeconfig of %s: %s", host.Name, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return fmt.Errorf("fetching the kubeconfig of %s: %w", host.Name, err)
	}
	// the server's certificate does not know the address by which it is reached from here
	text := strings.Replace(string(out), "server: https://127.0.0.1:6443",
		"server: https://"+net.JoinHostPort(host.Outside, strconv.Itoa(s.Ports[lab.ClusterPort]))+"\n    tls-server-name: kubernetes", 1)
	path := f.path(kubeconfigPrefix + host.Name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	fmt.Println(path)
	return nil
}

func (s state) host(name string) (hostState, error) {
	for _, host := range s.Hosts {
		if host.Name == name {
			return host, nil
		}
	}
	return hostState{}, fmt.Errorf("there is no host %q in the lab", name)
}
