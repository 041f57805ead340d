package metallb

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	prefix           = "metallb.io"
	deprecatedPrefix = "metallb.universe.tf"
	// renamedIn is the minor version that introduced the prefix metallb.io (v0.14.9 in truth; no lab uses an earlier v0.14).
	renamedIn = 14
)

// annotationNames are the annotations of one MetalLB version.
type annotationNames struct {
	// write is the prefix that is written, read are those that are read, in their order.
	write string
	read  []string
}

// namesFor tells the annotations from the controller's image: up to v0.13 there is one prefix, later versions also read the old one.
func namesFor(image string) annotationNames {
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	parts := strings.Split(strings.TrimPrefix(tag, "v"), ".")
	if len(parts) > 1 && parts[0] == "0" {
		if minor, err := strconv.Atoi(parts[1]); err == nil && minor < renamedIn {
			return annotationNames{write: deprecatedPrefix, read: []string{deprecatedPrefix}}
		}
	}
	return annotationNames{write: prefix, read: []string{prefix, deprecatedPrefix}}
}

func (n annotationNames) value(service *corev1.Service, name string) string {
	for _, prefix := range n.read {
		if value, ok := service.Annotations[prefix+"/"+name]; ok {
			return value
		}
	}
	return ""
}

func (n annotationNames) pool(service *corev1.Service) string {
	return n.value(service, "address-pool")
}

func (n annotationNames) sharedIP(service *corev1.Service) string {
	return n.value(service, "allow-shared-ip")
}

func (n annotationNames) allocatedFrom() string { return n.write + "/ip-allocated-from-pool" }

// desired returns the addresses that a Service asks for (metallb:controller/service.go getDesiredLbIPs).
func (n annotationNames) desired(service *corev1.Service) ([]netip.Addr, error) {
	annotation := n.write + "/loadBalancerIPs"
	text := n.value(service, "loadBalancerIPs")
	if text != "" && service.Spec.LoadBalancerIP != "" {
		return nil, fmt.Errorf("service can not have both %s and svc.Spec.LoadBalancerIP", annotation)
	}
	if text == "" && service.Spec.LoadBalancerIP == "" {
		return nil, nil
	}
	var addresses []netip.Addr
	for _, part := range strings.Split(cmp.Or(text, service.Spec.LoadBalancerIP), ",") {
		address, err := netip.ParseAddr(strings.TrimSpace(part))
		switch {
		case err != nil && text != "":
			return nil, fmt.Errorf("invalid %s: %q", annotation, text)
		case err != nil:
			return nil, fmt.Errorf("invalid spec.loadBalancerIP %q", service.Spec.LoadBalancerIP)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

// deprecated returns the annotations of a Service that still have the old prefix, if this version calls it old.
func (n annotationNames) deprecated(service *corev1.Service) []string {
	if n.write == deprecatedPrefix {
		return nil
	}
	var names []string
	for name := range service.Annotations {
		if strings.HasPrefix(name, deprecatedPrefix) {
			names = append(names, name)
		}
	}
	return names
}
