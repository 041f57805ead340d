package rke2

import (
	"context"
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Kubeconfig reads the administrator's kubeconfig of a server. It is a secret; its server address is the machine's own
// loopback, so it is used by dialling through the machine. With write-kubeconfig RKE2 writes it elsewhere and leaves
// nothing in the usual place (k3s: pkg/server/server.go), so the configuration is asked then. A machine without one
// is of kind fault.NotFound.
func Kubeconfig(ctx context.Context, h Host) ([]byte, error) {
	content, err := h.ReadFile(ctx, kubeconfigFile)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return content, err
	}
	observed, readErr := Read(ctx, h, Node{})
	if readErr != nil {
		return nil, readErr
	}
	if at, ok := observed.effective["write-kubeconfig"].(string); ok && at != "" && at != kubeconfigFile {
		return h.ReadFile(ctx, at)
	}
	if !observed.Installed {
		return nil, fault.New(fault.NotFound, fmt.Errorf("read the kubeconfig on %s: RKE2 is not installed there: %w", h, err))
	}
	return nil, fault.New(fault.NotFound, fmt.Errorf("read the kubeconfig on %s: found %s, which has none: %w", h, observed, err))
}

// kubeconfigPath is where the server will write its kubeconfig.
func (j *job) kubeconfigPath() string {
	if at, ok := j.want.settings["write-kubeconfig"].(string); ok && at != "" {
		return at
	}
	if at, ok := j.out.Observed.effective["write-kubeconfig"].(string); ok && at != "" {
		return at
	}
	return kubeconfigFile
}

// Address tells the address by which other nodes reach the machine: its node-ip, or the source address of its default
// route, which is not always the one that SSH uses.
func Address(ctx context.Context, h Host) (string, error) {
	observed, err := Read(ctx, h, Node{})
	if err != nil {
		return "", err
	}
	if observed.Address == "" {
		return "", fault.Newf(fault.NotFound, "find the node's address on %s: it has no default route and no address", h)
	}
	return observed.Address, nil
}
