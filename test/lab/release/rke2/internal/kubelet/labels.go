package kubelet

import (
	"fmt"
	"slices"
	"strings"
)

// Taint is a node taint.
type Taint struct{ Key, Value, Effect string }

// ParseLabels reads key=value pairs. Labels that a kubelet may not give itself are refused with the kubelet's own words
// (k8s.io/kubernetes cmd/kubelet/app/options/options.go).
func ParseLabels(pairs []string) (map[string]string, error) {
	out := map[string]string{}
	var forbidden []string
	for _, p := range pairs {
		key, value, ok := strings.Cut(p, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("invalid node label %q: want key=value", p)
		}
		if !allowed(key) {
			forbidden = append(forbidden, key)
		}
		out[key] = value
	}
	if len(forbidden) > 0 {
		slices.Sort(forbidden)
		return nil, fmt.Errorf("failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [%s]",
			strings.Join(forbidden, " "))
	}
	return out, nil
}

var (
	allowedPrefixes = []string{"kubelet.kubernetes.io", "node.kubernetes.io"}
	allowedLabels   = []string{
		"kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/arch", "beta.kubernetes.io/os",
		"beta.kubernetes.io/instance-type", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
		"failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
	}
)

func allowed(key string) bool {
	namespace, _, ok := strings.Cut(key, "/")
	if !ok {
		return true
	}
	if !within(namespace, "kubernetes.io") && !within(namespace, "k8s.io") {
		return true
	}
	return slices.Contains(allowedLabels, key) || slices.ContainsFunc(allowedPrefixes, func(p string) bool { return within(namespace, p) })
}

func within(namespace, domain string) bool {
	return namespace == domain || strings.HasSuffix(namespace, "."+domain)
}

// ParseTaints reads key=value:Effect and key:Effect.
func ParseTaints(texts []string) ([]Taint, error) {
	var out []Taint
	for _, text := range texts {
		rest, effect, ok := strings.Cut(text, ":")
		if !ok || !slices.Contains([]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, effect) {
			return nil, fmt.Errorf("invalid taint spec: %v, unsupported taint effect", text)
		}
		key, value, _ := strings.Cut(rest, "=")
		out = append(out, Taint{Key: key, Value: value, Effect: effect})
	}
	return out, nil
}
