// Package kubelet knows what the API server asks of the kubelet of a simulated node: logs of containers and forwarded ports. Running
// commands is not played, there is nothing that could run them.
package kubelet

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/egress"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/stages"
)

// LogAnnotation on a pod is what its containers have logged, instead of a line that names the image.
const LogAnnotation = "lab.test/log"

// idleTimeout and streamTimeout are the kubelet's defaults for forwarded ports (--streaming-connection-idle-timeout, DefaultStreamCreationTimeout).
const (
	idleTimeout   = 4 * time.Hour
	streamTimeout = 30 * time.Second
)

// Kubelet speaks for all simulated nodes.
type Kubelet struct {
	View *cluster.View
	// Router connects forwarded ports to what answers for the pod.
	Router egress.Router
	Logger *slog.Logger
}

// Handler returns the kubelet's API.
func (k *Kubelet) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.logs)
	mux.HandleFunc("/portForward/{namespace}/{pod}", k.forward)
	mux.HandleFunc("/portForward/{namespace}/{pod}/{uid}", k.forward)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, r.URL.Path+" is not simulated", http.StatusNotImplemented)
	})
	return mux
}

func (k *Kubelet) logs(w http.ResponseWriter, r *http.Request) {
	pod := k.View.Pod(r.PathValue("namespace"), r.PathValue("pod"))
	name := r.PathValue("container")
	if pod == nil {
		http.Error(w, fmt.Sprintf("pod %q does not exist", r.PathValue("pod")), http.StatusNotFound)
		return
	}
	status := containerStatus(pod, name)
	if status == nil {
		http.Error(w, fmt.Sprintf("container %q in pod %q is not available", name, pod.Name), http.StatusBadRequest)
		return
	}
	if waiting := status.State.Waiting; waiting != nil && status.RestartCount == 0 {
		http.Error(w, fmt.Sprintf("container %q in pod %q is waiting to start: %s", name, pod.Name, waitingReason(waiting)), http.StatusBadRequest)
		return
	}
	lines := lastLines(logLines(pod, status), r.URL.Query().Get("tailLines"))
	w.Header().Set("Content-Type", "text/plain")
	for _, line := range lines {
		if r.URL.Query().Get("timestamps") == "true" {
			line = started(pod).Format(time.RFC3339Nano) + " " + line
		}
		_, _ = io.WriteString(w, line+"\n")
	}
	if r.URL.Query().Get("follow") == "true" {
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		<-r.Context().Done()
	}
}

// waitingReason is the kubelet's wording (kubernetes:pkg/kubelet/kubelet_pods.go validateContainerLogStatus).
func waitingReason(waiting *corev1.ContainerStateWaiting) string {
	switch waiting.Reason {
	case "ImagePullBackOff":
		return "trying and failing to pull image"
	case "ErrImagePull":
		return "image can't be pulled"
	}
	return waiting.Reason
}

func logLines(pod *corev1.Pod, status *corev1.ContainerStatus) []string {
	if text := pod.Annotations[LogAnnotation]; text != "" {
		return strings.Split(strings.TrimRight(text, "\n"), "\n")
	}
	lines := []string{fmt.Sprintf("stand-in for %s started", status.Image)}
	if pod.Annotations[stages.BehaviourAnnotation] == stages.BehaviourCrash {
		lines = append(lines, "fatal: this pod was asked to crash")
	}
	return lines
}

func lastLines(lines []string, tail string) []string {
	count, err := strconv.Atoi(tail)
	if err != nil || count >= len(lines) {
		return lines
	}
	return lines[len(lines)-max(count, 0):]
}

func containerStatus(pod *corev1.Pod, name string) *corev1.ContainerStatus {
	statuses := slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses)
	for i := range statuses {
		if statuses[i].Name == name {
			return &statuses[i]
		}
	}
	return nil
}

func started(pod *corev1.Pod) time.Time {
	if pod.Status.StartTime != nil {
		return pod.Status.StartTime.UTC()
	}
	return pod.CreationTimestamp.UTC()
}

func (k *Kubelet) forward(w http.ResponseWriter, r *http.Request) {
	pod := k.View.Pod(r.PathValue("namespace"), r.PathValue("pod"))
	if pod == nil {
		http.Error(w, fmt.Sprintf("pod %q does not exist", r.PathValue("pod")), http.StatusNotFound)
		return
	}
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	forwarder := &forwarder{kubelet: k, ip: pod.Status.PodIP}
	portforward.ServePortForward(w, r, forwarder, pod.Name, string(pod.UID), options, idleTimeout, streamTimeout, portforward.SupportedProtocols)
}

// forwarder connects the streams of one forwarding with a pod.
type forwarder struct {
	kubelet *Kubelet
	ip      string
}

// PortForward implements portforward.PortForwarder.
func (f *forwarder) PortForward(ctx context.Context, _ string, _ string, port int32, stream io.ReadWriteCloser) error {
	address := net.JoinHostPort(f.ip, strconv.Itoa(int(port)))
	serve, err := f.kubelet.Router.Route(ctx, address)
	if err != nil {
		// A real kubelet dials inside the pod, where the address is loopback (containerd:pkg/cri/server/sandbox_portforward_linux.go).
		return fmt.Errorf("failed to execute portforward in network namespace: failed to connect to localhost:%d: %w", port, err)
	}
	near, far := net.Pipe()
	go serve(far)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(stream, near)
		_ = stream.Close()
	}()
	_, _ = io.Copy(near, stream)
	_ = near.Close()
	<-done
	return nil
}
