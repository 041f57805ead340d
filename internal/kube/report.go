package kube

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// How much a report repeats.
const (
	reportEvents = 3
	reportPods   = 3
	reportLines  = 8
)

// report explains what a wait waited for in vain, one paragraph a condition. It asks the cluster anew, for a
// short time, also when the caller's time is over.
func (c *Client) report(ctx context.Context, w *waiting) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportTimeout)
	defer cancel()
	var out []string
	told := map[object.Ref]bool{}
	for _, cond := range w.left {
		out = append(out, fmt.Sprintf("- %s: %s", cond, firstOf(w.seen[cond.String()], "not looked at yet")))
		for _, ref := range c.behind(ctx, cond) {
			if !told[ref] {
				told[ref] = true
				out = append(out, c.explain(ctx, ref)...)
			}
		}
	}
	return strings.Join(out, "\n")
}

// behind returns the objects that can explain a condition: its own, or the services of a webhook configuration.
func (c *Client) behind(ctx context.Context, cond Condition) []object.Ref {
	if cond.Kind != WebhookUsable {
		return []object.Ref{cond.Ref}
	}
	live, err := c.get(ctx, cond.Ref)
	if err != nil {
		return nil
	}
	var out []object.Ref
	for _, hook := range webhooksOf(live) {
		if hook.service != "" {
			out = append(out, object.Ref{APIVersion: "v1", Kind: "Service", Namespace: hook.namespace, Name: hook.service})
		}
	}
	return out
}

// explain tells the newest warnings and the failing containers of an object and of what belongs to it. It is
// best effort: a cluster that does not answer adds nothing.
func (c *Client) explain(ctx context.Context, ref object.Ref) []string {
	var out []string
	family := c.familyOf(ctx, ref)
	warnings, err := c.events(ctx, ref.Namespace, "type=Warning")
	if err != nil {
		c.log.DebugContext(ctx, "a report has no events", "object", ref.String(), "error", err.Error())
	}
	for _, event := range warnings {
		if len(out) < reportEvents && family.has(event.Ref) {
			out = append(out, "    warning: "+event.String())
		}
	}
	failing := 0
	for _, pod := range family.pods {
		if object.String(pod, "metadata", "deletionTimestamp") != "" {
			continue
		}
		out = append(out, unscheduled(pod)...)
		for _, container := range failingContainers(pod) {
			if failing++; failing > reportPods {
				return out
			}
			out = append(out, fmt.Sprintf("    container %s of %s: %s", container.name, object.RefOf(pod), container.why))
			out = append(out, c.lastLines(ctx, object.RefOf(pod), container)...)
		}
	}
	return out
}

// unscheduled says why a pod has no node; the event that says so may have expired.
func unscheduled(pod object.Object) []string {
	for _, condition := range conditionsOf(pod) {
		if condition.Type == "PodScheduled" && condition.Status == "False" {
			return []string{fmt.Sprintf("    %s has no node: %s", object.RefOf(pod), condition.Message)}
		}
	}
	return nil
}

func (c *Client) lastLines(ctx context.Context, pod object.Ref, container failing) []string {
	if !container.ran {
		return nil
	}
	text, err := c.Logs(ctx, LogOptions{
		Namespace: pod.Namespace, Pod: pod.Name, Container: container.name, Previous: container.previous, Lines: reportLines,
	})
	if err != nil {
		c.log.DebugContext(ctx, "a report has no log", "pod", pod.String(), "error", err.Error())
		return nil
	}
	var out []string
	for _, line := range strings.Split(fault.Tail(text, reportLines), "\n") {
		if line != "" {
			out = append(out, "      | "+line)
		}
	}
	return out
}

// family is an object and what belongs to it.
type family struct {
	members map[string]bool
	pods    []object.Object
}

func (f family) has(ref object.Ref) bool { return f.members[ref.Kind+"/"+ref.Name] }

func (f family) add(kind, name string) { f.members[kind+"/"+name] = true }

// familyOf finds the replica sets and pods of a workload by its selector, the pods of a service likewise, or
// the pod that the object is.
func (c *Client) familyOf(ctx context.Context, ref object.Ref) family {
	f := family{members: map[string]bool{}}
	f.add(ref.Kind, ref.Name)
	live, err := c.get(ctx, ref)
	if err != nil {
		return f
	}
	if ref.Kind == "Pod" {
		f.pods = []object.Object{live}
		return f
	}
	selector := podSelector(live)
	if selector == "" || ref.Namespace == "" {
		return f
	}
	c.addMembers(ctx, ref, selector, &f)
	return f
}

// addMembers adds the pods that a selector finds, and the replica sets of a Deployment.
func (c *Client) addMembers(ctx context.Context, ref object.Ref, selector string, f *family) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	if list, err := c.dynamic.Resource(pods).Namespace(ref.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector, Limit: pageSize}); err == nil {
		for _, pod := range list.Items {
			f.pods = append(f.pods, pod.Object)
			f.add("Pod", pod.GetName())
		}
	}
	if ref.Kind != "Deployment" {
		return
	}
	if list, err := c.metadata.Resource(replicaSets).Namespace(ref.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector}); err == nil {
		for _, set := range list.Items {
			f.add("ReplicaSet", set.Name)
		}
	}
}

// podSelector returns the label selector for the pods of a workload or a service, or "".
func podSelector(o object.Object) string {
	labels := object.Map(o, "spec", "selector", "matchLabels")
	if object.String(o, "kind") == "Service" {
		labels = object.Map(o, "spec", "selector")
	}
	set := map[string]string{}
	for key, value := range labels {
		if text, ok := value.(string); ok {
			set[key] = text
		}
	}
	if len(set) == 0 {
		return ""
	}
	return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: set})
}
