package verify

import (
	"context"
	"slices"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// lookAtWorkloads checks the pods behind the services that should have spans: "productpage.default" is app productpage
// in namespace default (see proxyName). Of an application that makes its own spans nothing is known of its pods.
func (w Way) lookAtWorkloads(ctx context.Context) []Hop {
	if w.Cluster == nil || w.Mesh == "" {
		return nil
	}
	var looked []string
	var found []Hop
	for _, service := range w.Services {
		app, namespace, ok := proxyName(service)
		if !ok {
			continue
		}
		hop := w.workload(ctx, app, namespace)
		switch hop.State {
		case HopBroken, HopUnknown:
			return []Hop{hop}
		case HopSuspect:
			found = append(found, hop)
		case HopFine:
		}
		looked = append(looked, service)
	}
	switch {
	case len(looked) == 0:
		return nil
	case len(found) > 0:
		return found[:1]
	}
	return []Hop{fine(HopWorkloads, "the pods of %s are ready and have their proxies", Listed(looked))}
}

func (w Way) workload(ctx context.Context, app, namespace string) Hop {
	pods, err := w.Cluster.List(ctx, "v1", "Pod", namespace, "app="+app)
	if err != nil {
		return notLooked(HopWorkloads, err)
	}
	pods = slices.DeleteFunc(pods, isOver)
	if len(pods) == 0 {
		return broken(HopWorkloads, "Install it (lab_sample_app), or correct lab_trace_check.services.", "namespace %s has no pod with label app=%s", namespace, app)
	}
	ready, notReady := 0, ""
	for _, pod := range pods {
		name := object.RefOf(pod).Name
		switch {
		case proxyImage(pod) == "":
			return broken(HopWorkloads, "Label the namespace with lab_istio_injection (restart = true restarts what runs already).",
				"Pod %s/%s has no proxy (container istio-proxy)%s", namespace, name, w.notInjected(ctx, namespace))
		case podReady(pod):
			ready++
		case notReady == "":
			notReady = name
		}
	}
	look := "Look at its events and logs: kubectl -n " + namespace + " describe pod " + notReady + "."
	switch {
	case ready == 0:
		return broken(HopWorkloads, look, "Pod %s/%s is not ready, nor is another one of app %s", namespace, notReady, app)
	case notReady != "":
		return suspect(HopWorkloads, look, "Pod %s/%s is not ready, but %d of %d pods of app %s are", namespace, notReady, ready, len(pods), app)
	}
	return w.staleProxy(ctx, pods)
}

// isOver reports a pod that takes no requests any more: it has ended, or is about to.
func isOver(pod object.Object) bool {
	phase := object.String(pod, "status", "phase")
	return object.String(pod, "metadata", "deletionTimestamp") != "" || phase == "Succeeded" || phase == "Failed"
}

// notInjected says what the namespace's labels have to do with a missing proxy.
func (w Way) notInjected(ctx context.Context, namespace string) string {
	live, err := w.Cluster.Get(ctx, object.Ref{APIVersion: "v1", Kind: "Namespace", Name: namespace})
	if err != nil {
		return ""
	}
	labels := labelsOf(live)
	switch {
	case labels["istio-injection"] == "enabled" || labels["istio.io/rev"] != "":
		return "; its namespace is labelled for injection, so that it was made before, or says no itself"
	case labels["istio.io/dataplane-mode"] == "ambient":
		return "; its namespace is in ambient mode, where ztunnel makes no spans and a waypoint would have to"
	}
	return "; its namespace is not labelled for injection"
}

// proxyImage looks at init containers too: from Istio 1.27 on proxies are native sidecars. Empty means no proxy.
func proxyImage(pod object.Object) string {
	for _, field := range []string{"containers", "initContainers"} {
		for _, c := range object.List(pod, "spec", field) {
			if m, ok := c.(map[string]any); ok && object.String(m, "name") == "istio-proxy" {
				if image := object.String(m, "image"); image != "" {
					return image
				}
				return "istio-proxy"
			}
		}
	}
	return ""
}

func podReady(pod object.Object) bool {
	for _, c := range object.List(pod, "status", "conditions") {
		if m, ok := c.(map[string]any); ok && m["type"] == "Ready" {
			return m["status"] == "True"
		}
	}
	return false
}
