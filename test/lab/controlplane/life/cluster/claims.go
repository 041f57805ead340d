package cluster

import (
	"slices"
	"strconv"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// Claim is a Service that a webhook configuration or a conversion names.
type Claim struct {
	Namespace, Name string
	Port            int32
}

// Host is the name under which the API server calls the webhook, and which its certificate must carry.
func (c Claim) Host() string { return c.Name + "." + c.Namespace + ".svc" }

// Claims returns every Service that is named as a webhook, each once.
func (v *View) Claims() []Claim {
	var services []*admissionv1.ServiceReference
	for _, configuration := range v.Validating() {
		for i := range configuration.Webhooks {
			services = append(services, configuration.Webhooks[i].ClientConfig.Service)
		}
	}
	for _, configuration := range v.Mutating() {
		for i := range configuration.Webhooks {
			services = append(services, configuration.Webhooks[i].ClientConfig.Service)
		}
	}
	for _, crd := range v.CRDs() {
		services = append(services, conversionService(crd))
	}
	var claims []Claim
	for _, service := range services {
		if service == nil {
			continue
		}
		if claim := ClaimOf(service); !slices.Contains(claims, claim) {
			claims = append(claims, claim)
		}
	}
	return claims
}

// ClaimOf is the claim that a reference makes; without a port it means 443.
func ClaimOf(service *admissionv1.ServiceReference) Claim {
	claim := Claim{Namespace: service.Namespace, Name: service.Name, Port: 443}
	if service.Port != nil {
		claim.Port = *service.Port
	}
	return claim
}

// conversionService is the Service that converts a definition's objects; nil when none does.
func conversionService(crd *apiextensionsv1.CustomResourceDefinition) *admissionv1.ServiceReference {
	conversion := crd.Spec.Conversion
	if conversion == nil || conversion.Webhook == nil || conversion.Webhook.ClientConfig == nil || conversion.Webhook.ClientConfig.Service == nil {
		return nil
	}
	service := conversion.Webhook.ClientConfig.Service
	return &admissionv1.ServiceReference{Namespace: service.Namespace, Name: service.Name, Port: service.Port}
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
