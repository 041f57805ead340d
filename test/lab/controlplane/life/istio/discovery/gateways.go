package discovery

import (
	"slices"
	"strconv"
	"strings"
)

// gateway is the part of a Gateway that is played (istio/api:networking/v1alpha3/gateway.proto).
type gateway struct {
	Selector map[string]string `json:"selector"`
	Servers  []struct {
		Hosts []string `json:"hosts"`
		Port  struct {
			Number   int32  `json:"number"`
			Protocol string `json:"protocol"`
		} `json:"port"`
		TLS struct {
			HTTPSRedirect bool `json:"httpsRedirect"`
		} `json:"tls"`
	} `json:"servers"`
}

// listeners fills in the ports that Gateways open on the pod of a gateway: those of HTTP; HTTPS, TLS and TCP stay closed. A Gateway may be
// in another namespace than the pods that it selects (istio:pilot/pkg/features, ScopeGatewayToNamespace is off).
func (b *builder) listeners() {
	open := map[int]*Listener{}
	for _, one := range read[gateway](b.world.Gateways) {
		if !selects(one.spec.Selector, b.pod.Labels) {
			continue
		}
		for _, server := range one.spec.Servers {
			if !slices.Contains([]string{"HTTP", "HTTP2", "GRPC", "GRPC-WEB"}, strings.ToUpper(server.Port.Protocol)) {
				continue
			}
			port := b.bindPort(server.Port.Number)
			if open[port] == nil {
				open[port] = &Listener{Port: port}
			}
			b.serverHosts(open[port], one.namespace+"/"+one.name, one.namespace, server.Hosts, server.Port.Number, server.TLS.HTTPSRedirect)
		}
	}
	for _, listener := range open {
		b.config.Listeners = append(b.config.Listeners, *listener)
	}
	slices.SortFunc(b.config.Listeners, func(a, b Listener) int { return a.Port - b.Port })
}

// bindPort is the port of the pod that stands for a port of a Gateway: the target of the Service's port of that number, else the number
// itself (istio:pilot/pkg/model/gateway.go@1.30.3, resolvePorts).
func (b *builder) bindPort(number int32) int {
	for _, service := range b.world.Services {
		for _, port := range service.Spec.Ports {
			if port.Port != number {
				continue
			}
			for _, one := range b.world.backendsAt(service, port, b.pod) {
				return int(one.port)
			}
		}
	}
	return int(number)
}

// serverHosts adds what a server of a Gateway opens: the hosts of the VirtualServices that are bound to the Gateway, as far as the server
// has them.
func (b *builder) serverHosts(listener *Listener, gateway, namespace string, hosts []string, number int32, redirect bool) {
	if redirect {
		for _, name := range hosts {
			_, bare := splitHost(name, namespace)
			at := listener.at(bare, number)
			at.RedirectToHTTPS = true
		}
	}
	for _, route := range b.routes {
		if !slices.ContainsFunc(route.spec.Gateways, func(name string) bool { return qualified(name, route.namespace) == gateway }) {
			continue
		}
		for _, common := range intersection(hosts, namespace, route.spec.Hosts, route.namespace) {
			at := listener.at(common, number)
			at.RedirectToHTTPS = redirect
			at.Routes = append(at.Routes, b.httpRoutes(route, gateway, number)...)
		}
	}
}

// at returns the listener's virtual host of a domain, a new one when there is none.
func (l *Listener) at(domain string, port int32) *VirtualHost {
	for i := range l.Hosts {
		if l.Hosts[i].Domains[0] == domain {
			return &l.Hosts[i]
		}
	}
	l.Hosts = append(l.Hosts, VirtualHost{Name: domain + ":" + strconv.Itoa(int(port)), Domains: []string{domain}})
	return &l.Hosts[len(l.Hosts)-1]
}

// intersection is what the hosts of a server and those of a VirtualService have in common: of two that overlap the narrower one.
func intersection(server []string, gatewayNamespace string, virtual []string, routeNamespace string) []string {
	var common []string
	add := func(host string) {
		if !slices.Contains(common, host) {
			common = append(common, host)
		}
	}
	for _, name := range server {
		namespace, open := splitHost(name, gatewayNamespace)
		if namespace != "*" && namespace != routeNamespace {
			continue
		}
		for _, host := range virtual {
			host = resolve(host, routeNamespace)
			switch {
			case covers(open, host):
				add(host)
			case covers(host, open):
				add(open)
			}
		}
	}
	return common
}

// splitHost reads a server's host: "namespace/host", where "." is the Gateway's namespace and "*", like no namespace, any.
func splitHost(name, own string) (namespace, host string) {
	namespace, host, found := strings.Cut(name, "/")
	switch {
	case !found:
		return "*", name
	case namespace == ".":
		return own, host
	}
	return namespace, host
}
