package cluster

import (
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// Claim is a Service that a webhook configuration or a conversion names.
type Claim struct {
	Namespace, Name string
	Port            int32
}

// Host is the name under which the API server calls the webhook, and which its certificate must carry.
func (c Claim) Host() string { return c.Name + "." + c.Namespace + ".svc" }

// Claims returns every Service that is named as a webhook.
func (v *View) Claims() []Claim {
	seen := map[Claim]bool{}
	add := func(namespace, name string, port *int32) {
		claim := Claim{Namespace: namespace, Name: name, Port: 443}
		if port != nil {
			claim.Port = *port
		}
		seen[claim] = true
	}
	for _, configuration := range v.Validating() {
		for _, hook := range configuration.Webhooks {
			if s := hook.ClientConfig.Service; s != nil {
				add(s.Namespace, s.Name, s.Port)
			}
		}
	}
	for _, configuration := range v.Mutating() {
		for _, hook := range configuration.Webhooks {
			if s := hook.ClientConfig.Service; s != nil {
				add(s.Namespace, s.Name, s.Port)
			}
		}
	}
	for _, crd := range v.CRDs() {
		if c := crd.Spec.Conversion; c != nil && c.Webhook != nil && c.Webhook.ClientConfig != nil && c.Webhook.ClientConfig.Service != nil {
			s := c.Webhook.ClientConfig.Service
			add(s.Namespace, s.Name, s.Port)
		}
	}
	claims := make([]Claim, 0, len(seen))
	for claim := range seen {
		claims = append(claims, claim)
	}
	return claims
}

// ClaimReadySince tells since when the Service behind a claim has a ready endpoint; false when it has none.
func (v *View) ClaimReadySince(claim Claim) (time.Time, bool) {
	var first time.Time
	for _, pod := range v.endpoints(claim.Namespace, claim.Name) {
		since, ready := v.ReadySince(pod)
		if ready && (first.IsZero() || since.Before(first)) {
			first = since
		}
	}
	return first, !first.IsZero()
}

// ClaimsAt returns the claims whose port leads to this port of a pod.
func (v *View) ClaimsAt(pod *corev1.Pod, port int32) []Claim {
	return slices.DeleteFunc(v.Claims(), func(claim Claim) bool {
		service := v.Service(claim.Namespace, claim.Name)
		if service == nil {
			return true
		}
		i := slices.IndexFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == claim.Port })
		return i < 0 || !v.targets(claim, service.Spec.Ports[i].Name, pod, port)
	})
}

// targets tells whether the named port of a Service's slices is this port of the pod.
func (v *View) targets(claim Claim, name string, pod *corev1.Pod, port int32) bool {
	for _, slice := range indexed[*discoveryv1.EndpointSlice](v.slices, byService, claim.Namespace+"/"+claim.Name) {
		hasPort := slices.ContainsFunc(slice.Ports, func(p discoveryv1.EndpointPort) bool {
			return p.Port != nil && *p.Port == port && (p.Name == nil || *p.Name == name)
		})
		hasPod := slices.ContainsFunc(slice.Endpoints, func(e discoveryv1.Endpoint) bool { return slices.Contains(e.Addresses, pod.Status.PodIP) })
		if hasPort && hasPod {
			return true
		}
	}
	return false
}

// Listens tells whether a pod serves a port as far as can be known from outside: a container declares it, or a Service leads there.
func (v *View) Listens(pod *corev1.Pod, port int32) bool {
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.ContainerPort == port }) {
			return true
		}
	}
	for _, slice := range list[*discoveryv1.EndpointSlice](v.slices) {
		if slice.Namespace != pod.Namespace {
			continue
		}
		hasPort := slices.ContainsFunc(slice.Ports, func(p discoveryv1.EndpointPort) bool { return p.Port != nil && *p.Port == port })
		if hasPort && slices.ContainsFunc(slice.Endpoints, func(e discoveryv1.Endpoint) bool { return slices.Contains(e.Addresses, pod.Status.PodIP) }) {
			return true
		}
	}
	return false
}

// endpoints returns the pods that are ready endpoints of a Service.
func (v *View) endpoints(namespace, service string) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, slice := range indexed[*discoveryv1.EndpointSlice](v.slices, byService, namespace+"/"+service) {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready || endpoint.TargetRef == nil {
				continue
			}
			if pod := v.Pod(namespace, endpoint.TargetRef.Name); pod != nil {
				pods = append(pods, pod)
			}
		}
	}
	return pods
}

// Port reads a port number.
func Port(text string) (int32, bool) {
	number, err := strconv.ParseInt(text, 10, 32)
	return int32(number), err == nil
}
