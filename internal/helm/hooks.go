package helm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// WatchUntilReady waits until hooks have done their work: a Job is complete, a Pod has succeeded; other kinds need
// no wait (pkg/kube/client.go, watchUntilReady). An error tells what the hook's containers wrote last.
func (c *cluster) WatchUntilReady(resources kube.ResourceList, timeout time.Duration) error {
	c.answers.Forget()
	for _, r := range resources {
		var look func(map[string]any) error
		switch r.Mapping.GroupVersionKind.Kind {
		case "Job":
			look = jobDone
		case "Pod":
			look = podDone
		default:
			continue
		}
		if err := c.waitForHook(r, timeout, look); err != nil {
			return c.faults.add(err)
		}
	}
	return nil
}

func (c *cluster) waitForHook(r *resource.Info, timeout time.Duration, look func(map[string]any) error) error {
	name := fmt.Sprintf("%s %s/%s", r.Mapping.GroupVersionKind.Kind, r.Namespace, r.Name)
	o := wait.Options{For: "hook " + name, Timeout: timeout, Interval: 100 * time.Millisecond, MaxInterval: time.Second}
	err := wait.Until(c.ctx(), o, func(context.Context) error {
		err := r.Get()
		if apierrors.IsNotFound(err) {
			return nil // a Job with a time to live may be gone before it is looked at; so Helm sees it, too
		}
		if err != nil {
			return fault.New(kindOfAPI(err), err)
		}
		live, ok := r.Object.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("unexpected %T", r.Object)
		}
		return look(live.Object)
	})
	if err == nil || c.ctx().Err() != nil {
		return err
	}
	if told := c.lastWords(r); told != "" {
		return fault.New(fault.KindOf(err), fmt.Errorf("%w; %s", err, told))
	}
	return err
}

func jobDone(live map[string]any) error {
	var job batchv1.Job
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live, &job); err != nil {
		return err
	}
	for _, condition := range job.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			return nil
		case batchv1.JobFailed:
			return fmt.Errorf("the job failed: %s: %s", condition.Reason, condition.Message)
		}
	}
	return wait.Pendingf("%d pods active, %d failed, %d succeeded", job.Status.Active, job.Status.Failed, job.Status.Succeeded)
}

func podDone(live map[string]any) error {
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live, &pod); err != nil {
		return err
	}
	switch pod.Status.Phase {
	case corev1.PodSucceeded:
		return nil
	case corev1.PodFailed:
		return fmt.Errorf("the pod failed: %s", describePod(pod))
	}
	return wait.Pending(describePod(pod))
}

// lookAround bounds the search for the reason of a failure.
const lookAround = 5 * time.Second

// lastWords collects why a hook failed: its pods' state, the last lines of their logs, the newest warnings. It says
// nothing when it finds nothing.
func (c *cluster) lastWords(r *resource.Info) string {
	ctx, cancel := context.WithTimeout(c.ctx(), lookAround)
	defer cancel()
	selector := metav1.ListOptions{FieldSelector: "metadata.name=" + r.Name}
	if r.Mapping.GroupVersionKind.Kind == "Job" {
		selector = metav1.ListOptions{LabelSelector: "job-name=" + r.Name}
	}
	var said []string
	names := []string{r.Name}
	if pods, err := c.pods.list(ctx, r.Namespace, selector); err == nil {
		slices.SortFunc(pods, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
		for _, pod := range pods[:min(mostPods, len(pods))] {
			names = append(names, pod.Name)
			said = append(said, describePod(pod))
			for _, container := range pod.Spec.Containers {
				text, err := c.pods.logs(ctx, r.Namespace, pod.Name, container.Name)
				if text = fault.Tail(text, logLines); err == nil && text != "" {
					said = append(said, fmt.Sprintf("container %s wrote:\n%s", container.Name, text))
				}
			}
		}
	}
	if warnings, err := c.pods.warnings(ctx, r.Namespace, names); err == nil {
		said = append(said, warnings...)
	}
	return strings.Join(said, "; ")
}
