package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/forward"
)

// Outside says how a lab gets addresses outside its own namespaces: 127.A.B.1 for its services and its cluster, and
// 127.A.B.11, 12... for its hosts. A and B come from Path; when another lab has them, others are taken.
type Outside struct {
	Path   string
	Listen func(ctx context.Context, network, address string) (net.Listener, error) // in the network outside
}

// hostPorts are the ports of a host that can be reached from outside: SSH, the Kubernetes API, RKE2's supervisor, web.
func hostPorts() []int { return []int{22, 6443, 9345, 80, 443} }

// firstHost is the last number of the first host's address outside.
const firstHost = 11

// attempts is how many blocks of addresses are tried.
const attempts = 20

func (l *Lab) openOutside(ctx context.Context, o Options) error {
	if o.Hosts > 255-firstHost {
		return fmt.Errorf("opening loopback addresses: at most %d hosts fit", 255-firstHost)
	}
	for attempt := range attempts {
		block := forward.Block(o.Outside.Path, attempt)
		routes, err := l.listen(ctx, o, block)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return err
		}
		l.block = block
		l.serve(ctx, routes)
		return nil
	}
	return fmt.Errorf("opening loopback addresses: %d blocks of 127.0.0.0/8 were tried and are in use", attempts)
}

// listen opens all addresses of a block, or none.
func (l *Lab) listen(ctx context.Context, o Options, block netip.Prefix) ([]forward.Route, error) {
	targets := map[string]string{
		endpoint(forward.In(block, 1), int(l.services.Port())): l.services.String(),
	}
	if l.cluster != nil {
		targets[endpoint(forward.In(block, 1), ClusterPort)] = l.cluster.Address().String()
	}
	for i, host := range l.hosts {
		for _, port := range hostPorts() {
			targets[endpoint(forward.In(block, firstHost+i), port)] = endpoint(host.Address(), port)
		}
	}
	var routes []forward.Route
	for address, target := range targets {
		listener, err := o.Outside.Listen(ctx, "tcp", address)
		if err != nil {
			for _, route := range routes {
				err = errors.Join(err, route.Listener.Close())
			}
			return nil, err
		}
		routes = append(routes, forward.Route{Listener: listener, Target: target, Dial: dial, Logger: o.Logger})
	}
	return routes, nil
}

func (l *Lab) serve(ctx context.Context, routes []forward.Route) {
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.close = append(l.close, func(context.Context) error { cancel(); return nil })
	for _, route := range routes {
		l.running.Go(func() { route.Serve(serving) })
	}
}

func dial(ctx context.Context, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

func endpoint(address netip.Addr, port int) string {
	return netip.AddrPortFrom(address, uint16(port)).String()
}

// Outside returns the address of host i for the lab's starter: one of 127.0.0.0/8 with Options.Outside, else the host's own.
func (l *Lab) Outside(i int) string {
	if !l.block.IsValid() {
		return l.hosts[i].Address().String()
	}
	return forward.In(l.block, firstHost+i).String()
}
