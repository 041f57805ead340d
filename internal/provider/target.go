package provider

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/host"
)

// parseTarget reads [user@]host[:port], with brackets around an IPv6 address that has a port.
func parseTarget(text string) (host.Target, error) {
	var t host.Target
	rest := text
	if user, after, ok := strings.Cut(text, "@"); ok {
		t.User, rest = user, after
	}
	t.Host = strings.Trim(rest, "[]")
	if h, p, err := net.SplitHostPort(rest); err == nil {
		port, err := strconv.Atoi(p)
		if err != nil || port < 1 || port > 65535 {
			return t, fmt.Errorf("%q: the port is not a number from 1 to 65535", text)
		}
		t.Host, t.Port = h, port
	}
	if t.Host == "" {
		return t, fmt.Errorf("%q: want [user@]host[:port]", text)
	}
	return t, nil
}
