package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
)

// machine is a network outside in which some ports are taken on every address.
type machine map[string]bool

func (m machine) listen(_ context.Context, _, address string) (net.Listener, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if m[port] {
		return nil, fmt.Errorf("listening outside: %w", syscall.EADDRINUSE)
	}
	return free{}, nil
}

type free struct{ net.Listener }

func (free) Close() error { return nil }

func TestChoosePorts_LeavesWhatIsTakenOnEveryAddress(t *testing.T) {
	t.Parallel()
	same := map[int]int{22: 22, 80: 80, 443: 443, 6443: 6443, 9345: 9345, 8080: 8080}
	for name, test := range map[string]struct {
		taken machine
		other map[int]int
	}{
		"nothing":                  {machine{}, nil},
		"an sshd":                  {machine{"22": true}, map[int]int{22: 10022}},
		"an sshd, its replacement": {machine{"22": true, "10022": true, "8080": true}, map[int]int{22: 20022, 8080: 18080}},
	} {
		l := &Lab{services: netip.MustParseAddrPort("10.88.0.1:8080")}
		if err := l.choosePorts(t.Context(), Options{Outside: &Outside{Path: "/lab", Listen: test.taken.listen}}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := maps.Clone(same)
		maps.Copy(want, test.other)
		if !maps.Equal(l.ports, want) {
			t.Errorf("%s: %v, want %v", name, l.ports, want)
		}
	}
}

func TestChoosePorts_Errors(t *testing.T) {
	t.Parallel()
	l := &Lab{services: netip.MustParseAddrPort("10.88.0.1:8080")}
	full := machine{"22": true, "10022": true, "20022": true, "30022": true, "40022": true, "50022": true, "60022": true}
	err := l.choosePorts(t.Context(), Options{Outside: &Outside{Path: "/lab", Listen: full.listen}})
	if err == nil || !strings.Contains(err.Error(), "port 22 is taken on every address") {
		t.Errorf("no port is left: %v", err)
	}
	refused := func(context.Context, string, string) (net.Listener, error) { return nil, syscall.EACCES }
	if err := l.choosePorts(t.Context(), Options{Outside: &Outside{Path: "/lab", Listen: refused}}); !errors.Is(err, syscall.EACCES) {
		t.Errorf("listening is refused: %v", err)
	}
}
