package helm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/kube"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	logLines   = 8
	logBytes   = 4 << 10
	mostPods   = 2
	mostEvents = 3
)

// podReader looks at pods when a hook has failed.
type podReader struct {
	list     func(ctx context.Context, namespace string, o metav1.ListOptions) ([]corev1.Pod, error)
	logs     func(ctx context.Context, namespace, pod, container string) (string, error)
	warnings func(ctx context.Context, namespace string, about []string) ([]string, error)
}

func newPodReader(f kube.Factory) (podReader, error) {
	typed, err := f.KubernetesClientSet()
	if err != nil {
		return podReader{}, err
	}
	return podReader{
		list: func(ctx context.Context, namespace string, o metav1.ListOptions) ([]corev1.Pod, error) {
			list, err := typed.CoreV1().Pods(namespace).List(ctx, o)
			if err != nil {
				return nil, err
			}
			return list.Items, nil
		},
		logs: func(ctx context.Context, namespace, pod, container string) (string, error) {
			lines, bytes := int64(logLines), int64(logBytes)
			o := &corev1.PodLogOptions{Container: container, TailLines: &lines, LimitBytes: &bytes}
			text, err := typed.CoreV1().Pods(namespace).GetLogs(pod, o).DoRaw(ctx)
			return string(text), err
		},
		warnings: func(ctx context.Context, namespace string, about []string) ([]string, error) {
			list, err := typed.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=Warning"})
			if err != nil {
				return nil, err
			}
			return newestWarnings(list.Items, about), nil
		},
	}, nil
}

// newestWarnings words the newest events about some objects.
func newestWarnings(events []corev1.Event, about []string) []string {
	events = slices.DeleteFunc(events, func(e corev1.Event) bool { return !slices.Contains(about, e.InvolvedObject.Name) })
	slices.SortFunc(events, func(a, b corev1.Event) int { return b.LastTimestamp.Compare(a.LastTimestamp.Time) })
	var out []string
	for _, e := range events[:min(mostEvents, len(events))] {
		out = append(out, fmt.Sprintf("%s %s: %s: %s",
			strings.ToLower(e.InvolvedObject.Kind), e.InvolvedObject.Name, e.Reason, strings.TrimSpace(e.Message)))
	}
	return out
}

// describePod says what a pod's containers wait for or ended with.
func describePod(pod corev1.Pod) string {
	said := []string{"pod " + pod.Name + " is " + string(pod.Status.Phase)}
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		switch {
		case s.State.Waiting != nil && s.State.Waiting.Reason != "":
			said = append(said, strings.TrimSpace(fmt.Sprintf("container %s waits: %s %s", s.Name, s.State.Waiting.Reason, s.State.Waiting.Message)))
		case s.State.Terminated != nil && s.State.Terminated.ExitCode != 0:
			said = append(said, fmt.Sprintf("container %s ended with %d: %s", s.Name, s.State.Terminated.ExitCode, s.State.Terminated.Reason))
		}
	}
	return strings.Join(said, ", ")
}
