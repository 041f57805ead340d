package containers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

// routeProtocol marks the stand-in's routes, by which rke2-killall.sh finds them.
const routeProtocol = "42"

// routePause is how often the list of nodes is read.
const routePause = 5 * time.Second

// KeepRoutes keeps the way of pods to the outside and the routes to pods of other nodes until ctx ends, and one that refuses what goes to simulated pods: their addresses belong
// to nobody, and a dial fails at once instead of waiting for an answer. The client must be allowed to list nodes: kube-proxy is, a kubelet sees
// its own alone.
func (n Node) KeepRoutes(ctx context.Context, api *kubeapi.Client) {
	told := ""
	for ctx.Err() == nil {
		if err := errors.Join(n.masquerade(ctx), n.route(ctx, api)); err != nil && ctx.Err() == nil && err.Error() != told {
			told = err.Error()
			n.Logger.Warn("Failed to set routes to pods", "error", err)
		}
		timer := time.NewTimer(routePause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
}

func (n Node) route(ctx context.Context, api *kubeapi.Client) error {
	if err := setRoute(ctx, "unreachable", n.ClusterCIDR); err != nil {
		return err
	}
	nodes, err := api.Get(ctx, "/api/v1/nodes")
	if err != nil {
		return fmt.Errorf("listing nodes: %w", err)
	}
	for _, item := range kubeapi.List(nodes, "items") {
		node, _ := item.(kubeapi.Object)
		address := internalIP(node)
		if address == nil || address.Equal(n.Address) {
			continue
		}
		pods, err := podRange(n.ClusterCIDR, address)
		if err != nil {
			return err
		}
		if err := setRoute(ctx, pods.String(), "via", address.String()); err != nil {
			return err
		}
	}
	return nil
}

// masquerading lets the node speak for its pods outside of the cluster, where nobody knows their addresses. Between pods addresses stay as they
// are, on other nodes too.
const masquerading = `table ip lab-pods {
	chain out { type nat hook postrouting priority srcnat; ip saddr %s ip daddr != %s masquerade; }
}
`

func (n Node) masquerade(ctx context.Context) error {
	pods, err := podRange(n.ClusterCIDR, n.Address)
	if err != nil {
		return err
	}
	if exec.CommandContext(ctx, "nft", "list", "table", "ip", "lab-pods").Run() == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, "nft", "--file", "-")
	cmd.Stdin = strings.NewReader(fmt.Sprintf(masquerading, pods, n.ClusterCIDR))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

func internalIP(node kubeapi.Object) net.IP {
	for _, item := range kubeapi.List(node, "status", "addresses") {
		if address, ok := item.(kubeapi.Object); ok && address["type"] == "InternalIP" {
			return net.ParseIP(kubeapi.Text(address, "address"))
		}
	}
	return nil
}

func setRoute(ctx context.Context, route ...string) error {
	args := append(append([]string{"route", "replace"}, route...), "proto", routeProtocol)
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
