// Package kubelet knows how a node registers itself and keeps telling the cluster that it lives. It runs no pods: those are played by
// the control plane's simulator. Beside a real kubelet it does only what is RKE2's own.
package kubelet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/hostinfo"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

const (
	heartbeat     = 10 * time.Second
	retry         = 2 * time.Second
	soon          = 200 * time.Millisecond
	leaseDuration = 40
	timeFormat    = "2006-01-02T15:04:05Z"
)

// Options describe a node.
type Options struct {
	API         *kubeapi.Client
	Name        string
	IPs         []net.IP
	ExternalIPs []string
	Version     string // the kubelet's: v1.36.3+rke2r1
	Labels      map[string]string
	Taints      []Taint
	Annotations map[string]string
	StaticPods  []string // components that the node shows as pods
	// CNIReady reports whether a network plugin is installed; the node is Ready only then.
	CNIReady func() bool
	// Silent stops heartbeats after the node is registered.
	Silent bool
	// Companion says that a real kubelet registers the node and reports its status. What is left are annotations, addresses from elsewhere and the
	// pods of components that run beside it.
	Companion bool
	Logger    *slog.Logger
}

// Kubelet keeps one node alive.
type Kubelet struct {
	o         Options
	info      hostinfo.Info
	readyFrom time.Time
	wasReady  bool
	// mirroredFor is the UID of the node whose static pods the API server has.
	mirroredFor string
}

// New returns a kubelet that has not registered its node yet.
func New(o Options) *Kubelet { return &Kubelet{o: o, info: hostinfo.Read()} }

// Run registers the node, retrying until it works, and sends heartbeats until ctx ends. A node that is deleted while it runs is not
// registered again before the next start, as with the real kubelet.
func (k *Kubelet) Run(ctx context.Context) {
	register, beat := k.register, k.beat
	if k.o.Companion {
		register, beat = k.adorn, k.accompany
	}
	for ctx.Err() == nil {
		err := register(ctx)
		if err == nil {
			break
		}
		if errors.Is(err, errUnregistered) {
			pause(ctx, soon)
			continue
		}
		k.o.Logger.Warn("Unable to register node with API server", "error", err)
		pause(ctx, retry)
	}
	next := time.Duration(0)
	for ctx.Err() == nil {
		pause(ctx, next)
		next = heartbeat
		if k.o.Silent {
			continue
		}
		if err := beat(ctx); err != nil && ctx.Err() == nil {
			k.o.Logger.Error("Error updating node status, will retry", "error", err)
			next = retry
		} else if !k.wasReady && !k.o.Companion {
			next = time.Second
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (k *Kubelet) register(ctx context.Context) error {
	path := "/api/v1/nodes/" + k.o.Name
	_, err := k.o.API.Get(ctx, path)
	switch {
	case err == nil:
		// Labels and taints of the configuration count at the first registration only.
		return k.o.API.MergePatch(ctx, path, kubeapi.Object{"metadata": kubeapi.Object{"labels": k.ownLabels(), "annotations": k.o.Annotations}})
	case !kubeapi.IsCode(err, http.StatusNotFound):
		return err
	}
	labels := k.ownLabels()
	for key, v := range k.o.Labels {
		labels[key] = v
	}
	taints := []any{kubeapi.Object{"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"}}
	for _, t := range k.o.Taints {
		taints = append(taints, kubeapi.Object{"key": t.Key, "value": t.Value, "effect": t.Effect})
	}
	node := kubeapi.Object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": kubeapi.Object{"name": k.o.Name, "labels": labels, "annotations": k.o.Annotations},
		"spec":     kubeapi.Object{"taints": taints},
		"status":   k.status(nil),
	}
	err = k.o.API.Do(ctx, kubeapi.Request{Method: http.MethodPost, Path: "/api/v1/nodes", Body: node}, nil)
	if err == nil {
		k.o.Logger.Info("Successfully registered node", "node", k.o.Name)
	}
	return err
}

func (k *Kubelet) ownLabels() map[string]any {
	return map[string]any{
		"kubernetes.io/hostname": k.o.Name, "kubernetes.io/os": "linux", "kubernetes.io/arch": runtime.GOARCH,
		"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": runtime.GOARCH,
	}
}

// beat renews the lease and puts the status right when it differs from what the API server has.
func (k *Kubelet) beat(ctx context.Context) error {
	node, err := k.o.API.Get(ctx, "/api/v1/nodes/"+k.o.Name)
	if err != nil {
		return err
	}
	uid := kubeapi.Text(node, "metadata", "uid")
	if err := k.renew(ctx, uid); err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	if err := k.mirrorFor(ctx, uid); err != nil {
		return err
	}
	if !k.outdated(node) {
		return nil
	}
	return k.o.API.Do(ctx, kubeapi.Request{
		Method: http.MethodPatch, Path: "/api/v1/nodes/" + k.o.Name + "/status",
		ContentType: "application/strategic-merge-patch+json",
		Body:        kubeapi.Object{"status": k.status(node)},
	}, nil)
}

// mirrorFor shows the static pods once for each node that had this name.
func (k *Kubelet) mirrorFor(ctx context.Context, uid string) error {
	if k.mirroredFor == uid {
		return nil
	}
	if err := k.mirrorStaticPods(ctx, uid); err != nil {
		return fmt.Errorf("mirror pods: %w", err)
	}
	k.mirroredFor = uid
	return nil
}

func (k *Kubelet) renew(ctx context.Context, uid string) error {
	const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
	spec := kubeapi.Object{
		"holderIdentity": k.o.Name, "leaseDurationSeconds": leaseDuration,
		"renewTime": time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
	err := k.o.API.MergePatch(ctx, leases+"/"+k.o.Name, kubeapi.Object{"spec": spec})
	if !kubeapi.IsCode(err, http.StatusNotFound) {
		return err
	}
	return k.o.API.Do(ctx, kubeapi.Request{Method: http.MethodPost, Path: leases, Body: kubeapi.Object{
		"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
		"metadata": kubeapi.Object{
			"name": k.o.Name, "namespace": "kube-node-lease",
			"ownerReferences": []any{kubeapi.Object{"apiVersion": "v1", "kind": "Node", "name": k.o.Name, "uid": uid}},
		},
		"spec": spec,
	}}, nil)
}
