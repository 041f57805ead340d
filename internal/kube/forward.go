package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// ForwardOptions say where a forwarded port leads.
type ForwardOptions struct {
	// Ref is a Pod, or a Service; of a Service, a ready pod is chosen once.
	Ref object.Ref
	// Port is a number, or the name of a Service's port. Of a Service it is the Service's port, not the pod's.
	Port string
}

// Forward is a local port that leads into the cluster until Close, or until the pod or the connection is lost.
type Forward struct {
	// Addr is the local address: "127.0.0.1:41234".
	Addr string

	stop func()
	done chan struct{}
	mu   sync.Mutex
	err  error
}

// Close ends the forwarding and waits until the local port is free.
func (f *Forward) Close() error {
	f.stop()
	<-f.done
	return nil
}

// Done is closed when the forwarding has ended.
func (f *Forward) Done() <-chan struct{} { return f.done }

// Err says why the forwarding ended; nil while it lasts and after Close.
func (f *Forward) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// PortForward opens a local port on the loopback address that leads to a port of a Pod or a Service, over a
// websocket, or over SPDY with an API server before 1.31. ctx bounds the opening alone. It fails with
// fault.NotFound when the pod, the service or the port is missing, and with fault.Unreachable when the service
// has no ready pod or the pod's node does not answer.
func (c *Client) PortForward(ctx context.Context, o ForwardOptions) (*Forward, error) {
	f, err := c.portForward(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("forwarding port %s of %s: %w", o.Port, o.Ref, err)
	}
	return f, nil
}

func (c *Client) portForward(ctx context.Context, o ForwardOptions) (*Forward, error) {
	pod, port, err := c.forwardTarget(ctx, o)
	if err != nil {
		return nil, err
	}
	conn, err := c.upgrade(ctx, c.base.JoinPath("api/v1/namespaces", pod.Namespace, "pods", pod.Name, "portforward"))
	if err != nil {
		return nil, c.classify(err)
	}
	living, stop := context.WithCancel(context.WithoutCancel(ctx))
	ready := make(chan struct{})
	forwarder, err := portforward.NewOnAddressesForStreamingWithContext(living, upgraded{conn}, []string{"127.0.0.1"},
		[]string{fmt.Sprintf("0:%d", port)}, ready, io.Discard, io.Discard)
	if err != nil {
		stop()
		return nil, errors.Join(fault.New(fault.Invalid, err), conn.Close())
	}
	f := &Forward{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(f.done)
		defer stop()
		err := forwarder.ForwardPorts()
		f.mu.Lock()
		f.err = err
		f.mu.Unlock()
	}()
	select {
	case <-ready:
	case <-f.done:
		return nil, fault.New(fault.Unreachable, f.Err())
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	f.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(ports[0].Local)))
	return f, nil
}

// upgraded hands a connection that is there already to the port forwarder, whose own dialing knows no context and
// flattens errors.
type upgraded struct{ conn httpstream.Connection }

// Dial returns the connection.
func (u upgraded) Dial(...string) (httpstream.Connection, string, error) {
	return u.conn, portforward.PortForwardProtocolV1Name, nil
}

// forwardTarget finds the pod and its port.
func (c *Client) forwardTarget(ctx context.Context, o ForwardOptions) (object.Ref, int64, error) {
	if o.Ref.Namespace == "" || o.Ref.Name == "" {
		return object.Ref{}, 0, fault.Newf(fault.Invalid, "a namespace and a name are needed")
	}
	if o.Ref.Kind == "Service" {
		return c.behindService(ctx, o)
	}
	port, err := strconv.ParseInt(o.Port, 10, 32)
	if o.Ref.Kind != "Pod" || err != nil || port < 1 || port > 65535 {
		return object.Ref{}, 0, fault.Newf(fault.Invalid, "only the numbered port of a Pod, or a port of a Service, can be forwarded")
	}
	return o.Ref, port, nil
}

// behindService chooses a ready pod of a service and finds the pod's port by the name that the service's port has
// in its endpoint slices; that resolves named target ports, too.
func (c *Client) behindService(ctx context.Context, o ForwardOptions) (object.Ref, int64, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	service, err := c.dynamic.Resource(services).Namespace(o.Ref.Namespace).Get(ctx, o.Ref.Name, metav1.GetOptions{})
	if err != nil {
		return object.Ref{}, 0, c.classify(err)
	}
	name, ok := portName(service.Object, o.Port)
	if !ok {
		return object.Ref{}, 0, fault.Newf(fault.NotFound, "the service has no port %s", o.Port)
	}
	list, err := c.dynamic.Resource(endpointSlices).Namespace(o.Ref.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: "kubernetes.io/service-name=" + o.Ref.Name,
	})
	if err != nil {
		return object.Ref{}, 0, c.classify(err)
	}
	for _, slice := range list.Items {
		port := slicePort(slice.Object, name)
		if pod := readyPod(slice.Object); pod != "" && port > 0 {
			return object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: o.Ref.Namespace, Name: pod}, port, nil
		}
	}
	return object.Ref{}, 0, fault.Newf(fault.Unreachable, "the service has no ready pod")
}

// portName returns the name of a service's port, given its number or its name. The only port may have none.
func portName(service object.Object, port string) (string, bool) {
	for _, item := range object.List(service, "spec", "ports") {
		m, ok := item.(map[string]any)
		if !ok {
			continue
		}
		name := object.String(m, "name")
		if name == port && name != "" || strconv.FormatInt(number(m, "port"), 10) == port {
			return name, true
		}
	}
	return "", false
}

func slicePort(slice object.Object, name string) int64 {
	for _, item := range object.List(slice, "ports") {
		if m, ok := item.(map[string]any); ok && object.String(m, "name") == name {
			return number(m, "port")
		}
	}
	return 0
}

// readyPod returns the name of the first ready pod of an endpoint slice, or "".
func readyPod(slice object.Object) string {
	for _, item := range object.List(slice, "endpoints") {
		m, ok := item.(map[string]any)
		if !ok || object.String(m, "targetRef", "kind") != "Pod" {
			continue
		}
		if ready, said := object.Lookup(m, "conditions", "ready"); !said || ready == true {
			return object.String(m, "targetRef", "name")
		}
	}
	return ""
}
