package server

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	leadLease  = "lab-players"
	etcdRole   = "node-role.kubernetes.io/etcd"
	leaveLimit = 30 * time.Second
)

// play runs what only one server of a cluster may do: KWOK, what charts' controllers do, and the removal of etcd members whose node was
// deleted. A server that cannot share its etcd does it at once, others elect a leader.
func (s *Server) play(ctx context.Context, act func(context.Context)) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	if !s.options.stacked() {
		if err := s.startChild(Kwok, s.options.kwokArgs()); err != nil {
			return err
		}
		go act(ctx)
		return nil
	}
	name, err := s.options.memberName()
	if err != nil {
		return err
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: leadLease}, Client: client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration: 6 * time.Second, RenewDeadline: 4 * time.Second, RetryPeriod: time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { s.lead(ctx, client, act) },
			OnStoppedLeading: func() { s.group.Stop(Kwok, componentGrace) },
		},
	})
	if err != nil {
		return fmt.Errorf("electing who plays: %w", err)
	}
	go func() {
		for ctx.Err() == nil {
			elector.Run(ctx)
		}
	}()
	return nil
}

func (s *Server) lead(ctx context.Context, client kubernetes.Interface, act func(context.Context)) {
	s.logger.Info("playing the nodes")
	if err := s.startChild(Kwok, s.options.kwokArgs()); err != nil {
		s.logger.Error("starting to play", "err", err)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { act(ctx) })
	both.Go(func() { s.removeMembers(ctx, client) })
	both.Wait()
}

// removeMembers takes from etcd the member of every etcd node that is deleted, as RKE2 does (k3s:pkg/etcd/member_controller.go).
func (s *Server) removeMembers(ctx context.Context, client kubernetes.Interface) {
	factory := informers.NewSharedInformerFactory(client, 0)
	_, err := factory.Core().V1().Nodes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: func(object any) {
		if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = unknown.Obj
		}
		node, ok := object.(*corev1.Node)
		if !ok || node.Labels[etcdRole] != "true" {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, leaveLimit)
		defer cancel()
		removed, err := Leave(ctx, s.options.DataDir, node.Name, []string{s.ports.etcdURL("127.0.0.1")})
		s.logger.Info("etcd node deleted", "node", node.Name, "members", strings.Join(removed, ","), "err", err)
	}})
	if err != nil {
		s.logger.Error("watching nodes", "err", err)
		return
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
}
