package kube_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/kube/kubetest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

var controlPlane kubetest.Shared

func TestMain(m *testing.M) { os.Exit(controlPlane.Main(m)) }

// TestOnControlPlane runs against a real API server, with real controllers and simulated nodes. Each case has a
// namespace of its own.
func TestOnControlPlane(t *testing.T) {
	t.Parallel()
	running := controlPlane.Get(t)
	cases := map[string]func(*testing.T, *site){
		"a custom resource follows its definition":      customResourceFollows,
		"a field conflict names the other manager":      conflictNamesManager,
		"an unknown field is refused":                   unknownFieldIsRefused,
		"a finalizer holds a deletion":                  finalizerHolds,
		"a namespace says what remains":                 namespaceSaysWhatRemains,
		"a replaced object is not deleted":              replacedObjectStays,
		"what is gone is deleted":                       goneIsDeleted,
		"a deployment becomes available":                deploymentBecomesAvailable,
		"a timeout tells status and events":             timeoutTells,
		"a pod without a node is explained":             unscheduledPodIsExplained,
		"a failed job ends the wait":                    failedJobEndsWait,
		"metadata lists are cheap":                      metadataIsCheap,
		"a wrong token is refused":                      wrongTokenIsAuth,
		"a service account without rights":              serviceAccountIsDenied,
		"a webhook without a server":                    webhookWithoutServer,
		"a namespace that goes away is waited for":      terminatingNamespacePasses,
		"everything passes through the dialer":          everythingPassesTheDialer,
		"logs and events are read":                      logsAndEventsAreRead,
		"ports are forwarded":                           portsAreForwarded,
		"services are proxied":                          servicesAreProxied,
		"services are reached by their names":           servicesAreReached,
		"a crashing pod is explained":                   crashingPodIsExplained,
		"an image that cannot be pulled":                imageThatCannotBePulledIsExplained,
		"a deployment without progress ends the wait":   deploymentWithoutProgressEndsWait,
		"a service without endpoints cannot be proxied": proxyWithoutEndpoints,
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSite(t, running))
		})
	}
}

// site is a client and a fresh namespace for one case.
type site struct {
	t          *testing.T
	client     *kube.Client
	kubeconfig []byte
	namespace  string
	older      bool // see kubetest.Cluster
}

func newSite(t *testing.T, running *kubetest.Cluster) *site {
	t.Helper()
	s := &site{t: t, kubeconfig: running.Kubeconfig, namespace: running.Namespace(t), older: running.Older}
	s.client = s.connect()
	return s
}

func (s *site) connect(change ...func(*kube.Config)) *kube.Client {
	s.t.Helper()
	config := kube.Config{Kubeconfig: s.kubeconfig}
	for _, f := range change {
		f(&config)
	}
	client, err := kube.New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := client.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return client
}

// parse reads YAML in which NAMESPACE stands for the case's namespace.
func (s *site) parse(text string) object.Object {
	s.t.Helper()
	o := object.Object{}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "NAMESPACE", s.namespace)), &o); err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s *site) apply(text string) object.Object {
	s.t.Helper()
	live, err := s.client.Apply(s.t.Context(), s.parse(text), kube.ApplyOptions{RetryFor: 20 * time.Second})
	if err != nil {
		s.t.Fatal(err)
	}
	return live
}

func (s *site) ref(apiVersion, kind, name string) object.Ref {
	return object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: s.namespace, Name: name}
}

// fails checks the kind of an error and what it says.
func (s *site) fails(err error, kind fault.Kind, parts ...string) {
	s.t.Helper()
	if !fault.Is(err, kind) {
		s.t.Fatalf("kind %q, want %q, of %v", fault.KindOf(err), kind, err)
	}
	for _, part := range parts {
		if part = strings.ReplaceAll(part, "NAMESPACE", s.namespace); !strings.Contains(err.Error(), part) {
			s.t.Errorf("%q is missing in %v", part, err)
		}
	}
}

// eventually waits for what the API server's own caches make late.
func (s *site) eventually(what string, so func() bool) {
	s.t.Helper()
	err := wait.Until(s.t.Context(), wait.Options{For: what, Timeout: 20 * time.Second}, func(context.Context) error {
		if !so() {
			return wait.Pending("not yet")
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}
