package metallb

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// pool is a parsed IPAddressPool.
type pool struct {
	name        string
	ranges      []addressRange
	autoAssign  bool
	avoidBuggy  bool
	restricted  bool // serviceAllocation is set
	priority    int
	namespaces  []string
	nsSelectors []labels.Selector
	selectors   []labels.Selector
}

// poolSpec is the part of an IPAddressPool's spec that matters here.
type poolSpec struct {
	Addresses         []string `json:"addresses"`
	AutoAssign        *bool    `json:"autoAssign"`
	AvoidBuggyIPs     bool     `json:"avoidBuggyIPs"`
	ServiceAllocation *struct {
		Priority           int                    `json:"priority"`
		Namespaces         []string               `json:"namespaces"`
		NamespaceSelectors []metav1.LabelSelector `json:"namespaceSelectors"`
		ServiceSelectors   []metav1.LabelSelector `json:"serviceSelectors"`
	} `json:"serviceAllocation"`
}

func parsePool(object *unstructured.Unstructured) (*pool, error) {
	var content struct {
		Spec poolSpec `json:"spec"`
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &content); err != nil {
		return nil, err
	}
	spec := content.Spec
	p := &pool{name: object.GetName(), autoAssign: spec.AutoAssign == nil || *spec.AutoAssign, avoidBuggy: spec.AvoidBuggyIPs}
	if len(spec.Addresses) == 0 {
		return nil, errors.New("pool has no prefixes defined")
	}
	for _, text := range spec.Addresses {
		parsed, err := parseRange(text)
		if err != nil {
			return nil, fmt.Errorf("invalid CIDR %q in pool %q: %w", text, p.name, err)
		}
		p.ranges = append(p.ranges, parsed)
	}
	allocation := spec.ServiceAllocation
	if allocation == nil {
		return p, nil
	}
	p.restricted, p.priority, p.namespaces = true, allocation.Priority, allocation.Namespaces
	var err error
	if p.nsSelectors, err = selectors(allocation.NamespaceSelectors); err != nil {
		return nil, fmt.Errorf("invalid namespace label selector in ip pool %s: %w", p.name, err)
	}
	if p.selectors, err = selectors(allocation.ServiceSelectors); err != nil {
		return nil, fmt.Errorf("invalid service label selector in ip pool %s: %w", p.name, err)
	}
	return p, nil
}

func selectors(list []metav1.LabelSelector) ([]labels.Selector, error) {
	var parsed []labels.Selector
	for i := range list {
		selector, err := metav1.LabelSelectorAsSelector(&list[i])
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, selector)
	}
	return parsed, nil
}

func (p *pool) contains(address netip.Addr) bool {
	if p.avoidBuggy && confusing(address) {
		return false
	}
	return slices.ContainsFunc(p.ranges, func(r addressRange) bool { return r.contains(address) })
}

// confusing tells whether an address ends in 0 or 255, which avoidBuggyIPs keeps from use.
func confusing(address netip.Addr) bool {
	if !address.Is4() {
		return false
	}
	last := address.As4()[3]
	return last == 0 || last == 255
}

// serves tells whether the pool may serve a Service in a namespace.
func (p *pool) serves(service *corev1.Service, namespace *corev1.Namespace) bool {
	if len(p.namespaces)+len(p.nsSelectors) > 0 && !slices.Contains(p.namespaces, service.Namespace) {
		if namespace == nil || !matchesAny(p.nsSelectors, namespace.Labels) {
			return false
		}
	}
	return len(p.selectors) == 0 || matchesAny(p.selectors, service.Labels)
}

func matchesAny(selectors []labels.Selector, set map[string]string) bool {
	return slices.ContainsFunc(selectors, func(s labels.Selector) bool { return s.Matches(labels.Set(set)) })
}

// checkPools returns the refusal of MetalLB's validation for pools in the order given; nil when all is well
// (metallb:internal/config/config.go poolsFor).
func checkPools(objects []*unstructured.Unstructured) error {
	var taken []netip.Prefix
	for _, object := range objects {
		p, err := parsePool(object)
		if err != nil {
			return fmt.Errorf("parsing address pool %s: %w", object.GetName(), err)
		}
		for _, r := range p.ranges {
			for _, prefix := range r.cidrs() {
				for _, other := range taken {
					if prefix.Overlaps(other) {
						return fmt.Errorf("CIDR %q in pool %q overlaps with already defined CIDR %q", prefix, p.name, other)
					}
				}
				taken = append(taken, prefix)
			}
		}
	}
	return nil
}
