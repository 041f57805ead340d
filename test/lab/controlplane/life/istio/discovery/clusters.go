package discovery

import (
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// destinationRule is the part of a DestinationRule that subsets need.
type destinationRule struct {
	Host    string `json:"host"`
	Subsets []struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
	} `json:"subsets"`
}

// builder computes the configuration of one proxy.
type builder struct {
	world *World
	pod   *corev1.Pod
	// rules are the DestinationRules, routes the VirtualServices.
	rules  []named[destinationRule]
	routes []named[virtualService]
	config *Config
}

// clusterFor returns the name of the cluster of a service's port, and puts it into the configuration when there is such a port. A cluster
// that is named and not there is answered with 503, as Envoy does.
func (b *builder) clusterFor(fqdn string, number int32, subset string) string {
	name := "outbound|" + strconv.Itoa(int(number)) + "|" + subset + "|" + fqdn
	if _, done := b.config.Clusters[name]; done {
		return name
	}
	service := b.world.service(fqdn)
	if service == nil {
		return name
	}
	labels, known := b.subset(fqdn, subset)
	if !known {
		return name
	}
	for _, port := range service.Spec.Ports {
		if port.Port != number || port.Protocol == corev1.ProtocolUDP {
			continue
		}
		cluster := Cluster{Service: Service{Host: fqdn, Name: service.Name, Namespace: service.Namespace}}
		for _, one := range b.world.backends(service, port) {
			if subset != "" && (one.pod == nil || !selects(labels, one.pod.Labels)) {
				continue
			}
			cluster.Endpoints = append(cluster.Endpoints, Endpoint{Address: one.String(), Workload: workload(one.pod)})
		}
		b.config.Clusters[name] = cluster
	}
	return name
}

// subset returns the labels of a subset that a DestinationRule defines; the empty one needs none.
func (b *builder) subset(fqdn, subset string) (map[string]string, bool) {
	if subset == "" {
		return nil, true
	}
	for _, rule := range b.rules {
		if resolve(rule.spec.Host, rule.namespace) != fqdn {
			continue
		}
		for _, one := range rule.spec.Subsets {
			if one.Name == subset {
				return one.Labels, true
			}
		}
	}
	return nil, false
}

// outbound fills in all services of the cluster, as a sidecar sees them without a Sidecar resource.
func (b *builder) outbound() {
	listeners := map[int]*Listener{}
	for _, service := range b.world.Services {
		if service.Spec.Type == corev1.ServiceTypeExternalName {
			continue
		}
		for _, port := range service.Spec.Ports {
			if port.Protocol == corev1.ProtocolUDP || port.Protocol == corev1.ProtocolSCTP {
				continue
			}
			cluster := b.clusterFor(host(service), port.Port, "")
			for _, address := range addresses(service) {
				b.config.Outbound = append(b.config.Outbound, Outbound{
					Address: net.JoinHostPort(address, strconv.Itoa(int(port.Port))), Protocol: protocol(port), Cluster: cluster,
				})
			}
			if protocol(port) == ProtocolTCP {
				continue
			}
			number := int(port.Port)
			if listeners[number] == nil {
				listeners[number] = &Listener{Port: number}
			}
			listeners[number].Hosts = append(listeners[number].Hosts, b.meshHost(service, port.Port, cluster))
		}
	}
	for _, listener := range listeners {
		b.config.Listeners = append(b.config.Listeners, *listener)
	}
	slices.SortFunc(b.config.Listeners, func(a, b Listener) int { return a.Port - b.Port })
	slices.SortFunc(b.config.Outbound, func(a, b Outbound) int { return strings.Compare(a.Address, b.Address) })
}

// meshHost is the virtual host of a service's port inside the mesh: that of a VirtualService for it, else a plain one.
func (b *builder) meshHost(service *corev1.Service, port int32, cluster string) VirtualHost {
	fqdn := host(service)
	virtual := VirtualHost{Name: fqdn + ":" + strconv.Itoa(int(port)), Domains: domains(service, b.pod.Namespace)}
	for _, route := range b.routes {
		if route.spec.boundTo(meshGateway) && slices.ContainsFunc(route.spec.Hosts, func(h string) bool { return covers(resolve(h, route.namespace), fqdn) }) {
			virtual.Routes = b.httpRoutes(route, meshGateway, port)
			return virtual // of several for one host the oldest counts inside the mesh
		}
	}
	virtual.Routes = []Route{{Operation: fqdn + ":" + strconv.Itoa(int(port)) + "/*", Clusters: []WeightedCluster{{Cluster: cluster, Weight: 100}}}}
	return virtual
}

// domains are the names of a service for those who ask from a namespace (istio:pilot/pkg/networking/core/httproute.go@1.30.3,
// generateVirtualHostDomains).
func domains(service *corev1.Service, from string) []string {
	short := service.Name + "." + service.Namespace
	names := []string{host(service), short + ".svc", short}
	if service.Namespace == from {
		names = append(names, service.Name)
	}
	return append(names, addresses(service)...)
}

func addresses(service *corev1.Service) []string {
	var list []string
	for _, address := range service.Spec.ClusterIPs {
		if ip := net.ParseIP(address); ip != nil && ip.To4() != nil {
			list = append(list, address)
		}
	}
	return list
}

// inbound fills in the ports of the pod itself that Services lead to.
func (b *builder) inbound() {
	seen := map[int]bool{}
	for _, service := range b.world.Services {
		for _, port := range service.Spec.Ports {
			for _, one := range b.world.backendsAt(service, port, b.pod) {
				if number := int(one.port); !seen[number] {
					seen[number] = true
					b.config.Inbound = append(b.config.Inbound, Inbound{
						Port: number, Protocol: protocol(port), Service: Service{Host: host(service), Name: service.Name, Namespace: service.Namespace},
					})
				}
			}
		}
	}
	slices.SortFunc(b.config.Inbound, func(a, b Inbound) int { return a.Port - b.Port })
}

// backendsAt is whether, and at which port, a pod is behind a port of a service. A pod that is not ready counts: its proxy has to know its
// ports before.
func (w *World) backendsAt(service *corev1.Service, port corev1.ServicePort, pod *corev1.Pod) []backend {
	if service.Namespace != pod.Namespace || len(service.Spec.Selector) == 0 || !selects(service.Spec.Selector, pod.Labels) {
		return nil
	}
	number := port.TargetPort.IntVal
	if name := port.TargetPort.StrVal; name != "" {
		number = namedPort(pod, name)
	} else if number == 0 {
		number = port.Port
	}
	if number == 0 {
		return nil
	}
	return []backend{{address: pod.Status.PodIP, port: number, pod: pod}}
}

func namedPort(pod *corev1.Pod, name string) int32 {
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for _, container := range list {
			for _, port := range container.Ports {
				if port.Name == name {
					return port.ContainerPort
				}
			}
		}
	}
	return 0
}
