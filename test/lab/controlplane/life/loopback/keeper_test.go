package loopback

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
)

// insideEnv tells the test's second run that it is in a network namespace of its own.
const insideEnv = "LOOPBACK_TEST_INSIDE"

type services []*corev1.Service

func (s *services) Services() []*corev1.Service { return *s }

func balanced(addresses ...string) *corev1.Service {
	service := &corev1.Service{Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer}}
	for _, address := range addresses {
		service.Status.LoadBalancer.Ingress = append(service.Status.LoadBalancer.Ingress, corev1.LoadBalancerIngress{IP: address})
	}
	return service
}

func TestKeeper_GivesAddressesToTheNode(t *testing.T) { //nolint:paralleltest // it is alone in its process
	if os.Getenv(insideEnv) != "" {
		inside(t)
		return
	}
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("network namespaces need root")
		}
		t.Skip("network namespaces need root")
	}
	self := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestKeeper_GivesAddressesToTheNode$", "-test.v")
	self.Env = append(os.Environ(), insideEnv+"=1")
	self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if out, err := self.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func inside(t *testing.T) {
	t.Helper()
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	other, err := netlink.ParseAddr("192.0.2.9/32")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.AddrAdd(lo, other); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	world := &services{balanced("10.88.100.10", "fd00::1"), balanced("192.0.2.9"), {Spec: corev1.ServiceSpec{ClusterIP: "10.43.0.1"}}}
	keeper := &Keeper{View: world}
	sync := func(want ...string) {
		t.Helper()
		for range 2 { // what is there stays
			if _, err := keeper.Sync(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if got := labelled(t); !slices.Equal(got, want) {
			t.Errorf("addresses %v, want %v", got, want)
		}
	}
	sync("10.88.100.10")
	*world = services{balanced("10.88.100.11"), balanced()}
	sync("10.88.100.11")
	cancel()
	for deadline := time.Now().Add(5 * time.Second); len(labelled(t)) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v are left behind", labelled(t))
		}
	}
	if all, err := netlink.AddrList(lo, netlink.FAMILY_V4); err != nil || !slices.ContainsFunc(all, func(a netlink.Addr) bool { return a.IP.Equal(other.IP) }) {
		t.Errorf("somebody else's address is gone: %v %v", all, err)
	}
}

func labelled(t *testing.T) []string {
	t.Helper()
	all, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, address := range all {
		if address.Label == Label {
			list = append(list, address.IP.String())
		}
	}
	return list
}
