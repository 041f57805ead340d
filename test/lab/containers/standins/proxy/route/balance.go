package route

import (
	"sync"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// Balancer gives the endpoints of clusters their turns.
type Balancer struct {
	mu    sync.Mutex
	turns map[string]int
}

// Next returns all endpoints of a cluster, beginning with the one whose turn it is, so that the others can be tried when that fails.
func (b *Balancer) Next(name string, cluster config.Cluster) []config.Endpoint {
	count := len(cluster.Endpoints)
	if count == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.turns == nil {
		b.turns = map[string]int{}
	}
	start := b.turns[name] % count
	b.turns[name] = start + 1
	order := make([]config.Endpoint, 0, count)
	return append(append(order, cluster.Endpoints[start:]...), cluster.Endpoints[:start]...)
}
