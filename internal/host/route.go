package host

import (
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// hop is one SSH server on the way to a host, or the host itself, with everything that is needed to log in there.
type hop struct {
	// name is what the user wrote; host, port and user are where it really is.
	name, host, user string
	port             int
	// pin is the pinned host key; alias is HostKeyAlias.
	pin, alias string
	knownHosts []string
	hashNames  bool
	policy     HostKeyPolicy
	creds      Credentials
	// identities are files from ~/.ssh/config.
	identities     []string
	identitiesOnly bool
	agentSocket    string
	notes          []string
}

func (h *hop) addr() string { return net.JoinHostPort(h.host, strconv.Itoa(h.port)) }

// String is the hop as messages name it.
func (h *hop) String() string { return h.user + "@" + h.addr() }

// keyName is the name that known_hosts is searched for.
func (h *hop) keyName() string {
	if h.alias != "" {
		return h.alias
	}
	return strings.ToLower(h.host)
}

// keyAddr is keyName in the form that the known_hosts library takes. An alias stands without a port.
func (h *hop) keyAddr() string {
	if h.alias != "" {
		return net.JoinHostPort(h.alias, "22")
	}
	return net.JoinHostPort(h.keyName(), strconv.Itoa(h.port))
}

// rule names what the hop's key is checked by.
func (h *hop) rule() string { return h.keyAddr() + " " + h.pin }

// maxHops ends a ProxyJump that leads in a circle.
const maxHops = 8

// route resolves a target to the hops that lead there, the target last.
func (p *Pool) route(t Target) ([]*hop, error) {
	last := p.hop(Target{Host: t.Host, Port: firstOf(t.Port, p.options.Port), User: firstOf(t.User, p.options.User), HostKey: t.HostKey}, p.options.Credentials)
	var before []*hop
	if len(p.options.Bastions) > 0 {
		for _, b := range p.options.Bastions {
			creds := b.Credentials
			if creds.empty() {
				creds = p.options.Credentials
			}
			before = append(before, p.hop(b.Target, creds))
		}
		return append(before, last), nil
	}
	before, err := p.jumps(last.name, maxHops)
	if err != nil {
		return nil, err
	}
	return append(before, last), nil
}

// jumps follows ProxyJump of ~/.ssh/config: only the first of a list has jumps of its own, as in OpenSSH.
func (p *Pool) jumps(name string, left int) ([]*hop, error) {
	value := p.config.get(name, "ProxyJump")
	if value == "" || strings.EqualFold(value, None) {
		return nil, nil
	}
	if left == 0 {
		return nil, fault.Newf(fault.Invalid, "ProxyJump of %s in %s leads in a circle or over more than %d hosts", name, p.config.path, maxHops)
	}
	var hops []*hop
	for i, text := range strings.Split(value, ",") {
		t, err := parseJump(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		h := p.hop(t, p.options.Credentials)
		if i == 0 {
			if hops, err = p.jumps(t.Host, left-1); err != nil {
				return nil, err
			}
		}
		hops = append(hops, h)
	}
	return hops, nil
}

// parseJump reads "[ssh://][user@]host[:port]".
func parseJump(text string) (Target, error) {
	var t Target
	rest := strings.TrimPrefix(text, "ssh://")
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		t.User, rest = rest[:at], rest[at+1:]
	}
	t.Host = strings.Trim(rest, "[]")
	if host, port, err := net.SplitHostPort(rest); err == nil {
		if t.Port, err = strconv.Atoi(port); err != nil {
			return t, fault.Newf(fault.Invalid, "jump host %q: port %q is no number", text, port)
		}
		t.Host = host
	}
	if t.Host == "" {
		return t, fault.Newf(fault.Invalid, "jump host %q names no host", text)
	}
	return t, nil
}

// hop resolves one target: what it says itself, then ~/.ssh/config, then the defaults.
func (p *Pool) hop(t Target, creds Credentials) *hop {
	c := p.config
	h := &hop{
		name: t.Host, host: t.Host, pin: strings.TrimSpace(t.HostKey), creds: creds,
		policy:         p.options.HostKeyPolicy,
		alias:          c.get(t.Host, "HostKeyAlias"),
		hashNames:      c.yes(t.Host, "HashKnownHosts"),
		identitiesOnly: c.yes(t.Host, "IdentitiesOnly"),
	}
	if name := c.get(t.Host, "HostName"); name != "" {
		h.host = strings.ReplaceAll(name, "%h", t.Host)
	}
	h.user = firstOf(t.User, c.get(t.Host, "User"), p.options.User)
	if h.user == "" {
		h.user = localUser()
	}
	h.port = firstOf(t.Port, c.port(t.Host), 22)
	for _, file := range c.all(t.Host, "IdentityFile") {
		if !strings.EqualFold(file, None) {
			h.identities = append(h.identities, c.expand(file, h))
		}
	}
	h.agentSocket = c.expand(c.get(t.Host, "IdentityAgent"), h)
	h.knownHosts = p.knownHostsFiles(h)
	if c.get(t.Host, "ProxyCommand") != "" && c.get(t.Host, "ProxyJump") == "" {
		h.notes = append(h.notes, "ProxyCommand of "+c.path+" is not supported, use ProxyJump or a bastion")
	}
	if c.note != "" {
		h.notes = append(h.notes, c.note)
	}
	return h
}

// knownHostsFiles follows Options.KnownHosts, or else UserKnownHostsFile and GlobalKnownHostsFile.
func (p *Pool) knownHostsFiles(h *hop) []string {
	var files []string
	for _, file := range p.options.KnownHosts {
		files = append(files, expandHome(file, p.home))
	}
	if len(files) > 0 {
		return files
	}
	for _, file := range strings.Fields(p.config.get(h.name, "UserKnownHostsFile")) {
		files = append(files, p.config.expand(file, h))
	}
	if len(files) == 0 {
		files = []string{filepath.Join(p.home, ".ssh", "known_hosts"), filepath.Join(p.home, ".ssh", "known_hosts2")}
	}
	global := strings.Fields(p.config.get(h.name, "GlobalKnownHostsFile"))
	if len(global) == 0 {
		global = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}
	}
	none := func(file string) bool { return strings.EqualFold(file, None) || file == "/dev/null" }
	return slices.DeleteFunc(append(files, global...), none)
}

// firstOf returns the first value that is set.
func firstOf[T comparable](values ...T) T {
	var zero T
	for _, v := range values {
		if v != zero {
			return v
		}
	}
	return zero
}

// routeKey names a route, so that targets with the same one share their connection.
func routeKey(route []*hop) string {
	var names []string
	for _, h := range route {
		names = append(names, h.String())
	}
	return strings.Join(names, " > ")
}

// through says over which hosts a route leads, for messages.
func through(route []*hop) string {
	if len(route) < 2 {
		return ""
	}
	return " through " + routeKey(route[:len(route)-1])
}
