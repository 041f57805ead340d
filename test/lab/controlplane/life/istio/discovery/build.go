package discovery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// errNoProxy says that a pod is not there, or has no proxy.
var errNoProxy = errors.New("no pod with a proxy has this name")

// Build computes the configuration of a pod's proxy.
func (w *World) Build(namespace, name string) (*Config, error) {
	pod := w.pod(namespace, name)
	if pod == nil || proxyOf(pod) == nil {
		return nil, fmt.Errorf("%s/%s: %w", namespace, name, errNoProxy)
	}
	revision := revisionOf(pod)
	istiod, err := w.istiod(revision)
	if err != nil {
		return nil, fmt.Errorf("revision %s: %w", revision, err)
	}
	settings, err := w.settings(istiod, revision)
	if err != nil {
		return nil, err
	}
	return w.build(pod, settings)
}

func (w *World) build(pod *corev1.Pod, settings mesh) (*Config, error) {
	// A cache lists in no order, and the same world must have the same configuration.
	ordered := *w
	ordered.Services = slices.SortedFunc(slices.Values(w.Services), func(a, b *corev1.Service) int { return strings.Compare(host(a), host(b)) })
	w = &ordered
	b := &builder{
		world: w, pod: pod, rules: read[destinationRule](w.DestinationRules), routes: read[virtualService](w.VirtualServices),
		config: &Config{Proxy: self(pod), Clusters: map[string]Cluster{}},
	}
	if roleOf(pod) == router {
		b.listeners()
	} else {
		b.outbound()
		b.inbound()
	}
	b.tracing(settings)
	raw, err := json.Marshal(b.config)
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	sum := sha256.Sum256(raw)
	b.config.Version = hex.EncodeToString(sum[:8])
	return b.config, nil
}
