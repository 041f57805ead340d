package relay

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// Gateway opens the ports that the configuration has.
type Gateway struct {
	Relay *Relay
	// Listen opens a port; it is net.Listen but in tests.
	Listen func(ctx context.Context, address string) (net.Listener, error)

	mu   sync.Mutex
	open map[int]*http.Server
}

// Follow opens and closes ports as a configuration says. Ctx ends all of them.
func (g *Gateway) Follow(ctx context.Context, c *config.Config) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = map[int]*http.Server{}
	}
	wanted := map[int]bool{}
	for _, listener := range c.Listeners {
		wanted[listener.Port] = true
		if g.open[listener.Port] == nil {
			g.start(ctx, listener.Port)
		}
	}
	for port, server := range g.open {
		if !wanted[port] {
			go drain(ctx, server)
			delete(g.open, port)
		}
	}
}

func (g *Gateway) start(ctx context.Context, port int) {
	listener, err := g.Listen(ctx, ":"+strconv.Itoa(port))
	if err != nil {
		g.Relay.Logger.WarnContext(ctx, "a port of the gateway stays closed", "port", port, "err", err)
		return
	}
	server := g.Relay.server(g.Relay.gatewayHTTP(port))
	g.open[port] = server
	go func() { _ = server.Serve(listener) }() // it ends with Shutdown
}

// Close ends all ports once requests under way are answered.
func (g *Gateway) Close(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all sync.WaitGroup
	for port, server := range g.open {
		all.Go(func() { drain(ctx, server) })
		delete(g.open, port)
	}
	all.Wait()
}
