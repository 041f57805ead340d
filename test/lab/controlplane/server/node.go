package server

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// leaseSeconds and heartbeat are the kubelet's defaults (nodeLeaseDurationSeconds 40, renewed at a quarter of it).
const (
	leaseSeconds = 40
	heartbeat    = 10 * time.Second
)

func (s *Server) client() (*kubernetes.Clientset, error) {
	config, err := s.restConfig()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making the supervisor's client: %w", err)
	}
	return client, nil
}

func (s *Server) waitReadyz(ctx context.Context) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	return s.poll(ctx, "waiting for the API", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// registerNode makes the simulated Node, keeps it alive until ctx ends and returns when pods can be created: the node is Ready, has its
// address range, and the default service account is there.
func (s *Server) registerNode(ctx context.Context) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	name := s.options.NodeName
	if _, err := client.CoreV1().Nodes().Create(ctx, s.node(), metav1.CreateOptions{}); err != nil && !errors.IsAlreadyExists(err) {
		return fmt.Errorf("registering node %s: %w", name, err)
	}
	if err := s.poll(ctx, "registering node "+name, func(ctx context.Context) error { return s.beat(ctx, client) }); err != nil {
		return err
	}
	go s.keepAlive(ctx, client)
	return s.poll(ctx, "waiting for node "+name, func(ctx context.Context) error {
		node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if node.Spec.PodCIDR == "" || len(node.Spec.Taints) > 0 {
			return fmt.Errorf("address range %q, taints %v", node.Spec.PodCIDR, node.Spec.Taints)
		}
		_, err = client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func (s *Server) node() *corev1.Node {
	name := s.options.NodeName
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		"node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true",
	}}}
}

func (s *Server) keepAlive(ctx context.Context, client kubernetes.Interface) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := s.beat(ctx, client); err != nil {
			s.logger.Warn("heartbeat failed", "err", err)
		}
	}
}

// beat renews the node's status and lease as a kubelet does. It patches, so that it never meets a conflict.
func (s *Server) beat(ctx context.Context, client kubernetes.Interface) error {
	name, now := s.options.NodeName, metav1.Now()
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if errors.IsNotFound(err) {
		return nil // deleted on purpose; a simulated node does not register itself again
	}
	if err != nil {
		return fmt.Errorf("beating for node %s: %w", name, err)
	}
	status, err := json.Marshal(map[string]any{"status": s.nodeStatus(node.Status, now)})
	if err != nil {
		return fmt.Errorf("beating for node %s: %w", name, err)
	}
	if _, err := client.CoreV1().Nodes().PatchStatus(ctx, name, status); err != nil {
		return fmt.Errorf("beating for node %s: %w", name, err)
	}
	leases := client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	seconds, renewed := int32(leaseSeconds), metav1.NewMicroTime(now.Time)
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &name, LeaseDurationSeconds: &seconds, RenewTime: &renewed},
	}
	patch, err := json.Marshal(map[string]any{"spec": lease.Spec})
	if err != nil {
		return fmt.Errorf("renewing the lease of node %s: %w", name, err)
	}
	_, err = leases.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	if errors.IsNotFound(err) {
		_, err = leases.Create(ctx, lease, metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("renewing the lease of node %s: %w", name, err)
	}
	return nil
}

func (s *Server) nodeStatus(last corev1.NodeStatus, now metav1.Time) corev1.NodeStatus {
	resources := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"), corev1.ResourcePods: resource.MustParse("500"),
	}
	since := now
	for _, condition := range last.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			since = condition.LastTransitionTime
		}
	}
	return corev1.NodeStatus{
		Capacity: resources, Allocatable: resources,
		Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: s.options.NodeIP}, {Type: corev1.NodeHostName, Address: s.options.NodeName},
		},
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: 10250}},
		Conditions: []corev1.NodeCondition{{
			Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "simulated node",
			LastHeartbeatTime: now, LastTransitionTime: since,
		}},
		NodeInfo: corev1.NodeSystemInfo{
			KubeletVersion: s.options.kubernetes, OperatingSystem: "linux", Architecture: "amd64", OSImage: "simulated node",
			ContainerRuntimeVersion: "kwok://simulated",
		},
	}
}
