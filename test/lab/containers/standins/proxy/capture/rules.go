package capture

import (
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// table is named as istio-iptables names it with --native-nftables (istio:tools/istio-nftables/pkg/constants@1.30.3).
const table = "istio-proxy-nat"

// Apply replaces the rules of the network namespace that the process is in. It needs CAP_NET_ADMIN.
func Apply(p Plan) error {
	conn, err := nftables.New()
	if err != nil {
		return fmt.Errorf("opening nftables: %w", err)
	}
	own := &nftables.Table{Name: table, Family: nftables.TableFamilyIPv4}
	// A table that is added before it is deleted can be deleted whether it was there or not.
	conn.AddTable(own)
	conn.DelTable(own)
	conn.AddTable(own)
	chain := func(name string, hook *nftables.ChainHook) func(...[]expr.Any) {
		c := conn.AddChain(&nftables.Chain{
			Name: name, Table: own, Type: nftables.ChainTypeNAT, Hooknum: hook, Priority: nftables.ChainPriorityNATDest,
		})
		return func(parts ...[]expr.Any) {
			var all []expr.Any
			for _, part := range parts {
				all = append(all, part...)
			}
			conn.AddRule(&nftables.Rule{Table: own, Chain: c, Exprs: all})
		}
	}
	inbound(chain("prerouting", nftables.ChainHookPrerouting), p)
	outbound(chain("output", nftables.ChainHookOutput), p)
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("writing the rules: %w", err)
	}
	return nil
}

func inbound(rule func(...[]expr.Any), p Plan) {
	for _, port := range p.NotInbound {
		rule(toPort(port), leave())
	}
	if p.AllInbound {
		rule(redirect(p.InboundPort))
		return
	}
	for _, port := range p.Inbound {
		rule(toPort(port), redirect(p.InboundPort))
	}
}

// outbound has the rules of istio-iptables in its order (istio:tools/istio-nftables/pkg/capture/testdata/basic-exclude-nic.golden@1.30.3).
func outbound(rule func(...[]expr.Any), p Plan) {
	const tunnel = 15008
	loopback := to("127.0.0.1/32")
	// The proxy speaks to its own workload from this address.
	rule(overLoopback(), from("127.0.0.6/32"), leave())
	for _, owner := range [][]expr.Any{user(p.User), group(p.Group)} {
		// A workload that calls itself by its Service's name comes in again through the proxy.
		rule(overLoopback(), not(loopback), not(toPort(tunnel)), owner, redirect(p.InboundPort))
		rule(overLoopback(), not(owner), leave())
		rule(owner, leave())
	}
	rule(loopback, leave())
	for _, port := range p.OutboundPorts {
		rule(toPort(port), redirect(p.OutboundPort))
	}
	for _, port := range p.NotOutboundPorts {
		rule(toPort(port), leave())
	}
	for _, prefix := range p.NotOutbound {
		rule(to(prefix.String()), leave())
	}
	if p.AllOutbound {
		rule(redirect(p.OutboundPort))
		return
	}
	for _, prefix := range p.Outbound {
		rule(to(prefix.String()), redirect(p.OutboundPort))
	}
}
