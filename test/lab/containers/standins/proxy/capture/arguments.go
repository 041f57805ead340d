// Package capture knows how the connections of a pod are led through its proxy.
package capture

import (
	"flag"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Plan says which connections are captured.
type Plan struct {
	// OutboundPort and InboundPort are where the proxy listens for what is captured.
	OutboundPort, InboundPort uint16
	// User and Group are those whose connections are left alone: the proxy's own.
	User, Group uint32
	// AllInbound captures all ports but those in NotInbound; else those in Inbound are captured.
	AllInbound          bool
	Inbound, NotInbound []uint16
	// AllOutbound captures all destinations but those in NotOutbound; else those in Outbound are captured.
	AllOutbound           bool
	Outbound, NotOutbound []netip.Prefix
	// NotOutboundPorts are left alone, OutboundPorts captured even where the destination is not.
	NotOutboundPorts, OutboundPorts []uint16
}

// Parse reads the arguments of istio-iptables (istio:tools/istio-iptables/pkg/cmd/root.go@1.30.3, and 1.17.1's, which has no fewer). What
// is about logs, validation and the choice of iptables has no effect: rules are always nftables'.
func Parse(args []string) (Plan, error) {
	flags := flag.NewFlagSet("istio-iptables", flag.ContinueOnError)
	text := map[string]*string{}
	for name, value := range map[string]string{
		"p": "15001", "z": "15006", "u": "1337", "g": "1337", "m": "REDIRECT", "i": "*", "x": "", "b": "*", "d": "", "q": "", "o": "", "k": "", "c": "",
		"log_output_level": "", "e": "15008",
	} {
		text[name] = flags.String(name, value, "as istio-iptables has it")
	}
	for _, name := range []string{"log_as_json", "run-validation", "skip-rule-apply", "force-apply", "native-nftables"} {
		flags.Bool(name, false, "no effect")
	}
	if err := flags.Parse(args); err != nil {
		return Plan{}, fmt.Errorf("reading the arguments of istio-iptables: %w", err)
	}
	if *text["m"] != "REDIRECT" {
		return Plan{}, fmt.Errorf("interception mode %s is not played, only REDIRECT", *text["m"])
	}
	return plan(func(name string) string { return *text[name] })
}

// reader reads arguments and keeps the first problem.
type reader struct {
	text    func(string) string
	problem error
}

func (r *reader) note(name string, err error) {
	if err != nil && r.problem == nil {
		r.problem = fmt.Errorf("argument -%s: %w", name, err)
	}
}

func (r *reader) ports(name string) []uint16 {
	list, err := portList(r.text(name))
	r.note(name, err)
	return list
}

func (r *reader) port(name string) uint16 {
	port, err := strconv.ParseUint(r.text(name), 10, 16)
	r.note(name, err)
	return uint16(port)
}

func (r *reader) ranges(name string) []netip.Prefix {
	list, err := rangeList(r.text(name))
	r.note(name, err)
	return list
}

func (r *reader) owner(name string) uint32 {
	owner, err := strconv.ParseUint(r.text(name), 10, 32)
	r.note(name, err)
	return uint32(owner)
}

func plan(text func(string) string) (Plan, error) {
	r := &reader{text: text}
	p := Plan{
		OutboundPort: r.port("p"), InboundPort: r.port("z"), User: r.owner("u"), Group: r.owner("g"),
		AllInbound: text("b") == "*", AllOutbound: text("i") == "*",
		// istio-iptables never captures the tunnel's port.
		NotInbound:  append(r.ports("e"), r.ports("d")...),
		NotOutbound: r.ranges("x"), NotOutboundPorts: r.ports("o"), OutboundPorts: r.ports("q"),
	}
	if !p.AllInbound {
		p.Inbound = r.ports("b")
	}
	if !p.AllOutbound {
		p.Outbound = r.ranges("i")
	}
	return p, r.problem
}

func portList(text string) ([]uint16, error) {
	var list []uint16
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		port, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("reading a port: %w", err)
		}
		list = append(list, uint16(port))
	}
	return list, nil
}

func rangeList(text string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, fmt.Errorf("reading a range: %w", err)
		}
		if prefix.Addr().Is4() { // pods of the lab have no other addresses
			list = append(list, prefix.Masked())
		}
	}
	return list, nil
}
