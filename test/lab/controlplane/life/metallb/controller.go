package metallb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

// fieldManager is the name of MetalLB's program, under which the API server books its changes.
const fieldManager = "controller"

// Controller gives addresses to Services while a MetalLB controller runs.
type Controller struct {
	Client kubernetes.Interface
	View   *cluster.View
	// Pools returns the pools of a namespace, none when their kind is not there; false while they are not known yet.
	Pools  func(namespace string) ([]*unstructured.Unstructured, bool)
	Events record.EventRecorder
	// Delay is the time from the controller's readiness to its first deed.
	Delay  time.Duration
	Logger *slog.Logger

	// told remembers what was said of a Service that got nothing, so that it is said once for each change of Service or pools.
	told map[types.UID]string
	// prepared is the controller pod whose Secrets are written.
	prepared types.UID
}

// Sync does what is due and returns when it is to be called again at the latest; zero when nothing is waited for.
func (c *Controller) Sync(ctx context.Context) (time.Duration, error) {
	pod, since := c.running()
	if pod == nil {
		return 0, nil
	}
	if wait := time.Until(since.Add(c.Delay)); wait > 0 {
		return wait, nil
	}
	if c.prepared != pod.UID {
		if err := c.writeSecrets(ctx, pod); err != nil {
			return 0, err
		}
		c.prepared = pod.UID
	}
	objects, known := c.Pools(pod.Namespace)
	if !known {
		return 0, nil
	}
	slices.SortFunc(objects, func(a, b *unstructured.Unstructured) int { return cmp.Compare(a.GetName(), b.GetName()) })
	if err := checkPools(objects); err != nil {
		return 0, nil //nolint:nilerr // MetalLB goes on with what it had; only pools made while its webhook was away get here
	}
	var pools []*pool
	var versions strings.Builder
	for _, object := range objects {
		p, err := parsePool(object)
		if err != nil {
			return 0, err
		}
		pools = append(pools, p)
		versions.WriteString(object.GetName() + "@" + object.GetResourceVersion() + " ")
	}
	names := namesFor(pod.Spec.Containers[0].Image)
	round := &round{Controller: c, names: names, ledger: newLedger(pools, names, c.View.Namespace), versions: versions.String()}
	return 0, round.run(ctx, class(pod))
}

// running returns the ready controller pod; nil when there is none.
func (c *Controller) running() (*corev1.Pod, time.Time) {
	for _, pod := range c.View.Pods() {
		helm := pod.Labels["app.kubernetes.io/name"] == "metallb" && pod.Labels["app.kubernetes.io/component"] == "controller"
		plain := pod.Labels["app"] == "metallb" && pod.Labels["component"] == "controller"
		if !helm && !plain || len(pod.Spec.Containers) == 0 {
			continue
		}
		if since, ready := c.View.ReadySince(pod); ready {
			return pod, since
		}
	}
	return nil, time.Time{}
}

// class is the load balancer class that the controller was told to serve.
func class(pod *corev1.Pod) string {
	for _, argument := range pod.Spec.Containers[0].Args {
		if value, ok := strings.CutPrefix(argument, "--lb-class="); ok {
			return value
		}
	}
	return ""
}

// round is one pass over all Services.
type round struct {
	*Controller
	names    annotationNames
	ledger   *ledger
	versions string
}

func (r *round) run(ctx context.Context, class string) error {
	if r.told == nil {
		r.told = map[types.UID]string{}
	}
	services := slices.Clone(r.View.Services())
	slices.SortFunc(services, func(a, b *corev1.Service) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(key(a), key(b)))
	})
	var open []*corev1.Service
	var errs []error
	for _, have := range services {
		if !r.mine(have, class) {
			continue
		}
		service := have.DeepCopy()
		if r.keep(service) {
			continue
		}
		open = append(open, service)
	}
	for _, service := range open {
		have := r.View.Service(service.Namespace, service.Name)
		if have == nil || service.DeletionTimestamp != nil {
			continue
		}
		r.give(service)
		errs = append(errs, r.write(ctx, have, service))
	}
	return errors.Join(errs...)
}

// mine tells whether a Service is one for this controller, now or when it last looked.
func (r *round) mine(service *corev1.Service, class string) bool {
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return service.Annotations[r.names.allocatedFrom()] != ""
	}
	asked := ""
	if service.Spec.LoadBalancerClass != nil {
		asked = *service.Spec.LoadBalancerClass
	}
	return asked == class
}

// keep lets a Service keep its addresses, or clears them if it cannot; it tells whether nothing is left to do.
func (r *round) keep(service *corev1.Service) bool {
	addresses := assigned(service)
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || len(addresses) == 0 || len(r.ledger.pools) == 0 {
		r.clear(service)
		return false
	}
	p, err := r.ledger.assign(service, addresses)
	if err != nil {
		r.Events.Eventf(service, corev1.EventTypeNormal, "ClearAssignment",
			"current IP for %q not allowed by config, will attempt for new IP assignment: %s", key(service), err)
		r.clear(service)
		return false
	}
	desired, err := r.names.desired(service)
	if err != nil {
		r.tell(service, "LoadBalancerFailed", "invalid requested loadbalancer IPs: "+err.Error())
		return true
	}
	wrongPool := r.names.pool(service) != "" && r.names.pool(service) != p.name
	if wrongPool || len(desired) > 0 && !sameAddresses(desired, addresses) {
		r.ledger.release(service)
		r.clear(service)
		return false
	}
	return service.Annotations[r.names.allocatedFrom()] == p.name
}

// give finds addresses for a Service that has none and writes them into it.
func (r *round) give(service *corev1.Service) {
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer || len(r.ledger.pools) == 0 {
		return
	}
	if addresses := assigned(service); len(addresses) > 0 {
		service.Annotations[r.names.allocatedFrom()] = r.ledger.poolOf(addresses).name
		return
	}
	addresses, p, err := r.ledger.allocate(service)
	if err != nil {
		r.tell(service, "AllocationFailed", fmt.Sprintf("Failed to allocate IP for %q: %s", key(service), err))
		return
	}
	for _, address := range addresses {
		service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: address.String()})
	}
	if service.Annotations == nil {
		service.Annotations = map[string]string{}
	}
	service.Annotations[r.names.allocatedFrom()] = p.name
	delete(r.told, service.UID)
}

func (r *round) clear(service *corev1.Service) {
	delete(service.Annotations, r.names.allocatedFrom())
	service.Status.LoadBalancer = corev1.LoadBalancerStatus{}
}

// write stores what has changed; addresses and annotation go in one request, as MetalLB's do.
func (r *round) write(ctx context.Context, have, want *corev1.Service) error {
	before, after := assigned(have), assigned(want)
	if sameAddresses(before, after) && maps.Equal(have.Annotations, want.Annotations) {
		return nil
	}
	for _, name := range r.names.deprecated(have) {
		r.Events.Eventf(have, corev1.EventTypeWarning, "deprecatedAnnotation", "Service uses deprecated annotation %s", name)
	}
	_, err := r.Client.CoreV1().Services(want.Namespace).UpdateStatus(ctx, want, metav1.UpdateOptions{FieldManager: fieldManager})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil // the view is behind; its next change calls again
	}
	if err != nil {
		return fmt.Errorf("updating Service %s: %w", key(want), err)
	}
	if len(after) > 0 && !sameAddresses(before, after) {
		r.Events.Eventf(want, corev1.EventTypeNormal, "IPAllocated", "Assigned IP %s", quoted(after))
		r.Logger.Info("address assigned", "service", key(want), "addresses", after)
	}
	return nil
}

// tell says once for each change why a Service has no address.
func (r *round) tell(service *corev1.Service, reason, message string) {
	// The version stands for the user's part of the Service: this controller writes only when something changes.
	text := service.ResourceVersion + " " + r.versions + message
	if r.told[service.UID] == text {
		return
	}
	r.told[service.UID] = text
	r.Events.Event(service, corev1.EventTypeWarning, reason, message)
}

func assigned(service *corev1.Service) []netip.Addr {
	var addresses []netip.Addr
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if address, err := netip.ParseAddr(ingress.IP); err == nil {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

func sameAddresses(a, b []netip.Addr) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.SortFunc(a, netip.Addr.Compare)
	slices.SortFunc(b, netip.Addr.Compare)
	return slices.Equal(a, b)
}
