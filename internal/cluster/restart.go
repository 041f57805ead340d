package cluster

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// restartedAt is what kubectl rollout restart changes in a pod template (kubectl pkg/polymorphichelpers/objectrestarter.go).
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// restart makes stale pods anew by changing the template of their workloads, and waits until the workloads are done.
// Pods that belong to no Deployment, StatefulSet or DaemonSet are left alone: nobody would make them again.
func (c *Cluster) restart(ctx context.Context, r component.Restart) error {
	pods, err := c.kube.List(ctx, kube.ListOptions{APIVersion: "v1", Kind: "Pod", Namespace: r.Namespace})
	if err != nil {
		return err
	}
	var restarted []component.Condition
	for _, pod := range pods {
		why := ""
		if object.String(pod, "metadata", "deletionTimestamp") == "" {
			why = r.Stale(pod)
		}
		if why == "" {
			continue
		}
		workload, err := c.workload(ctx, pod)
		if err != nil {
			return err
		}
		if workload.Name == "" {
			c.log.InfoContext(ctx, "pod stays as it is: no workload would make it again", "pod", object.RefOf(pod).String(), "although", why)
			continue
		}
		if slices.ContainsFunc(restarted, func(done component.Condition) bool { return done.Ref == workload }) {
			continue
		}
		c.log.InfoContext(ctx, "restarting", "workload", workload.String(), "because", object.RefOf(pod).String()+" "+why)
		if err := c.restartWorkload(ctx, workload); err != nil {
			return err
		}
		restarted = append(restarted, component.Condition{
			Name: workload.String() + " is restarted", Ref: workload, Check: component.Check{Kind: component.Current},
		})
	}
	return c.await(ctx, restarted, nil)
}

func (c *Cluster) restartWorkload(ctx context.Context, ref object.Ref) error {
	patch := object.Object{}
	object.Set(patch, map[string]any{restartedAt: time.Now().UTC().Format(time.RFC3339)}, "spec", "template", "metadata", "annotations")
	raw, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = c.kube.Patch(ctx, ref, kube.MergePatch, raw)
	return err
}

// workload is the workload whose template a pod was made from, through the ReplicaSet of a Deployment; its zero value
// when there is none.
func (c *Cluster) workload(ctx context.Context, o object.Object) (object.Ref, error) {
	namespace := object.RefOf(o).Namespace
	for _, entry := range object.List(o, "metadata", "ownerReferences") {
		owner, ok := entry.(map[string]any)
		if !ok || owner["controller"] != true {
			continue
		}
		ref := object.Ref{APIVersion: object.String(owner, "apiVersion"), Kind: object.String(owner, "kind"), Namespace: namespace, Name: object.String(owner, "name")}
		switch ref.Kind {
		case "Deployment", "StatefulSet", "DaemonSet":
			return ref, nil
		case "ReplicaSet":
			above, err := c.kube.Get(ctx, ref)
			if fault.Is(err, fault.NotFound) {
				return object.Ref{}, nil
			}
			if err != nil {
				return object.Ref{}, err
			}
			return c.workload(ctx, above)
		}
	}
	return object.Ref{}, nil
}
