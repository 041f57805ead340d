package metallb

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// ledger says which Services have which addresses (metallb:internal/allocator/allocator.go).
type ledger struct {
	pools      []*pool
	names      annotationNames
	namespaces func(name string) *corev1.Namespace
	users      map[netip.Addr][]user
}

// user is a Service that has an address.
type user struct {
	key              string
	ports            []string
	sharing, backend string
}

func newLedger(pools []*pool, names annotationNames, namespaces func(string) *corev1.Namespace) *ledger {
	return &ledger{pools: pools, names: names, namespaces: namespaces, users: map[netip.Addr][]user{}}
}

func key(service *corev1.Service) string { return service.Namespace + "/" + service.Name }

func (l *ledger) user(service *corev1.Service) user {
	u := user{key: key(service), sharing: l.names.sharedIP(service)}
	for _, port := range service.Spec.Ports {
		u.ports = append(u.ports, fmt.Sprintf("%s/%d", port.Protocol, port.Port))
	}
	if service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
		u.backend = labels.Set(service.Spec.Selector).String()
	}
	return u
}

// poolOf returns the pool that has all of the addresses; nil when none has.
func (l *ledger) poolOf(addresses []netip.Addr) *pool {
	for _, p := range l.pools {
		if !slices.ContainsFunc(addresses, func(a netip.Addr) bool { return !p.contains(a) }) {
			return p
		}
	}
	return nil
}

// assign gives addresses to a Service, if pools and other Services allow it, and returns their pool.
func (l *ledger) assign(service *corev1.Service, addresses []netip.Addr) (*pool, error) {
	p := l.poolOf(addresses)
	if p == nil {
		return nil, fmt.Errorf("%s is not allowed in config", quoted(addresses))
	}
	if !p.serves(service, l.namespaces(service.Namespace)) {
		return nil, fmt.Errorf("pool %s not compatible for ip assignment", p.name)
	}
	u := l.user(service)
	for _, address := range addresses {
		if err := l.share(address, u); err != nil {
			return nil, err
		}
	}
	for _, address := range addresses {
		l.users[address] = append(l.users[address], u)
	}
	return p, nil
}

// share tells why a Service cannot have an address together with those that have it.
func (l *ledger) share(address netip.Addr, u user) error {
	for _, other := range l.users[address] {
		if u.sharing == "" || u.sharing != other.sharing || u.backend != other.backend {
			return fmt.Errorf("can't change sharing key for %q, address also in use by %s", u.key, other.key)
		}
		for _, port := range u.ports {
			if slices.Contains(other.ports, port) {
				return fmt.Errorf("port %s is already in use on %q", port, address)
			}
		}
	}
	return nil
}

// allocate finds an address for a Service: the one it asks for, one of the pool it asks for, or one of the pools meant for it, or of all.
func (l *ledger) allocate(service *corev1.Service) ([]netip.Addr, *pool, error) {
	wanted, err := l.names.desired(service)
	if err != nil {
		return nil, nil, err
	}
	poolName := l.names.pool(service)
	if len(wanted) > 0 {
		p := l.poolOf(wanted)
		if p != nil && poolName != "" && p.name != poolName {
			return nil, nil, fmt.Errorf("requested loadBalancer IP(s) %s is not compatible with requested address pool %s", quoted(wanted), poolName)
		}
		p, err := l.assign(service, wanted)
		return wanted, p, err
	}
	if poolName != "" {
		i := slices.IndexFunc(l.pools, func(p *pool) bool { return p.name == poolName })
		if i < 0 {
			return nil, nil, fmt.Errorf("unknown pool %q", poolName)
		}
		address, ok := l.free(l.pools[i], service)
		if !ok {
			return nil, nil, fmt.Errorf("no available IPs in pool %s", poolName)
		}
		p, err := l.assign(service, []netip.Addr{address})
		return []netip.Addr{address}, p, err
	}
	for _, p := range l.candidates(service) {
		if address, ok := l.free(p, service); ok {
			p, err := l.assign(service, []netip.Addr{address})
			return []netip.Addr{address}, p, err
		}
	}
	return nil, nil, errors.New("no available IPs")
}

// candidates are the pools to try: those that name the Service first, by priority, then those open to all.
func (l *ledger) candidates(service *corev1.Service) []*pool {
	var pinned, open []*pool
	for _, p := range l.pools {
		switch {
		case !p.autoAssign:
		case !p.restricted:
			open = append(open, p)
		case p.serves(service, l.namespaces(service.Namespace)):
			pinned = append(pinned, p)
		}
	}
	slices.SortStableFunc(pinned, func(a, b *pool) int { return cmp.Compare(rank(a), rank(b)) })
	return append(pinned, open...)
}

// rank orders pools: a lower priority number comes first, none comes last.
func rank(p *pool) int {
	if p.priority == 0 {
		return int(^uint(0) >> 1)
	}
	return p.priority
}

// free finds the first address of a pool that a Service can have.
func (l *ledger) free(p *pool, service *corev1.Service) (netip.Addr, bool) {
	u := l.user(service)
	four := !strings.Contains(service.Spec.ClusterIP, ":")
	for _, r := range p.ranges {
		if r.first.Is4() != four {
			continue
		}
		for address := r.first; address.IsValid() && r.contains(address); address = address.Next() {
			if p.avoidBuggy && confusing(address) {
				continue
			}
			if l.share(address, u) == nil {
				return address, true
			}
		}
	}
	return netip.Addr{}, false
}

// quoted prints addresses as Go prints a list of quoted strings: ["192.0.2.1"].
func quoted(addresses []netip.Addr) string { return fmt.Sprintf("%q", addresses) }

// release takes a Service's addresses from it.
func (l *ledger) release(service *corev1.Service) {
	for address, users := range l.users {
		l.users[address] = slices.DeleteFunc(users, func(u user) bool { return u.key == key(service) })
	}
}
