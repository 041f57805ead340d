package kube

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubectl/pkg/drain"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Drain cordons a node and evicts its pods the way kubectl drain --ignore-daemonsets --delete-emptydir-data --force
// does: disruption budgets are respected, and what they forbid is tried again until timeout. An error of kind
// fault.Timeout says which pods stayed and why; the node stays cordoned.
func (c *Client) Drain(ctx context.Context, node string, timeout time.Duration) error {
	client, err := kubernetes.NewForConfigAndClient(c.config, c.http)
	if err != nil {
		return fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
	}
	live, err := client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("draining Node %s: %w", node, c.classify(err))
	}
	var said lastLines
	helper := &drain.Helper{
		Ctx: ctx, Client: client, Timeout: timeout, GracePeriodSeconds: -1,
		Force: true, IgnoreAllDaemonSets: true, DeleteEmptyDirData: true,
		Out: &said, ErrOut: &said,
	}
	if err := drain.RunCordonOrUncordon(helper, live, true); err != nil {
		return fmt.Errorf("cordoning Node %s: %w", node, c.classify(err))
	}
	if err := drain.RunNodeDrain(helper, node); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("draining Node %s: %w", node, ctx.Err())
		}
		// The library has no type for its own timeout; what is no answer of the API is that.
		if err = c.classify(err); fault.KindOf(err) == fault.Unknown {
			err = fault.New(fault.Timeout, err)
		}
		return fmt.Errorf("draining Node %s: %w%s", node, err, said.tail())
	}
	return nil
}

// lastLines keeps the end of what the drain says: why a pod cannot be evicted is in no error.
type lastLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	const kept = 5
	for line := range strings.Lines(string(p)) {
		if line = strings.TrimSpace(line); line != "" {
			l.lines = append(l.lines, line)
		}
	}
	l.lines = l.lines[max(len(l.lines)-kept, 0):]
	return len(p), nil
}

func (l *lastLines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == 0 {
		return ""
	}
	return "; last said: " + strings.Join(l.lines, "; ")
}
