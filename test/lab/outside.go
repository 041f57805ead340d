package lab

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/forward"
)

// Outside says how a lab gets addresses outside its own namespaces: 127.A.B.1 for its services and its cluster, and
// 127.A.B.11, 12... for its hosts. A and B come from Path; when another lab has them, others are taken. Ports are the same as inside,
// except those that the machine itself has taken on every address, as an sshd on 0.0.0.0:22 does.
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

// portShift is added to a port that is taken on every address, again and again until one is free: 22 becomes 10022, then 20022.
const portShift = 10000

// unused is the last number of an address that no lab uses.
const unused = 2

func (l *Lab) openOutside(ctx context.Context, o Options) error {
	if o.Hosts > 255-firstHost {
		return fmt.Errorf("opening loopback addresses: at most %d hosts fit", 255-firstHost)
	}
	if err := l.choosePorts(ctx, o); err != nil {
		return err
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

// choosePorts finds the ports that the machine has taken on every address, and others in their place.
func (l *Lab) choosePorts(ctx context.Context, o Options) error {
	l.ports = map[int]int{}
	probe := forward.In(forward.Block(o.Outside.Path, 0), unused)
	for _, port := range append(hostPorts(), ClusterPort, int(l.services.Port())) {
		for l.ports[port] = port; ; l.ports[port] += portShift {
			if l.ports[port] > math.MaxUint16 {
				return fmt.Errorf("opening loopback addresses: port %d is taken on every address, and so are its replacements", port)
			}
			listener, err := o.Outside.Listen(ctx, "tcp", endpoint(probe, l.ports[port]))
			if errors.Is(err, syscall.EADDRINUSE) {
				continue
			}
			if err != nil {
				return err
			}
			if err := listener.Close(); err != nil {
				return fmt.Errorf("opening loopback addresses: %w", err)
			}
			break
		}
	}
	return nil
}

// listen opens all addresses of a block, or none.
func (l *Lab) listen(ctx context.Context, o Options, block netip.Prefix) ([]forward.Route, error) {
	targets := map[string]string{
		endpoint(forward.In(block, 1), l.OutsidePort(int(l.services.Port()))): l.services.String(),
	}
	if l.cluster != nil {
		targets[endpoint(forward.In(block, 1), l.OutsidePort(ClusterPort))] = l.cluster.Address().String()
	}
	for i, host := range l.hosts {
		for _, port := range hostPorts() {
			targets[endpoint(forward.In(block, firstHost+i), l.OutsidePort(port))] = endpoint(host.Address(), port)
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

// OutsidePort is the port at which the lab's starter reaches a port of a host or of the lab's own addresses.
func (l *Lab) OutsidePort(inside int) int {
	if outside, ok := l.ports[inside]; ok {
		return outside
	}
	return inside
}
