package hosts

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/proxy"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/sandbox"
)

const (
	internetVariable = "LAB_INTERNET"
	proxyPort        = "3128"
)

// proxyVariables tell the processes in the sandbox of the proxy. Without one they hide the proxy that this machine may have: it cannot
// be reached, and requests to the lab's own servers would go there.
func proxyVariables() []string {
	at, not := "", ""
	if os.Getenv(internetVariable) == "true" {
		at, not = "http://"+net.JoinHostPort(Gateway, proxyPort), "localhost,127.0.0.0/8,10.0.0.0/8"
	}
	return []string{
		"HTTP_PROXY=" + at, "HTTPS_PROXY=" + at, "NO_PROXY=" + not,
		"http_proxy=" + at, "https_proxy=" + at, "no_proxy=" + not,
	}
}

// serveProxy listens in the network of a sandbox and lets this process, outside, do what it is asked for.
func serveProxy(ctx context.Context, pid int) error {
	if os.Getenv(internetVariable) != "true" {
		return nil
	}
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return fmt.Errorf("opening the sandbox's network: %w", err)
	}
	defer func() { _ = namespace.Close() }()
	var listener net.Listener
	err = sandbox.InNetwork(namespace, func() (err error) {
		var config net.ListenConfig
		listener, err = config.Listen(ctx, "tcp", ":"+proxyPort)
		return err
	})
	if err != nil {
		return fmt.Errorf("listening for the proxy: %w", err)
	}
	go func() { _ = proxy.New().Serve(listener) }()
	return nil
}
