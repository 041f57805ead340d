package kubelet

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

const nodeAddress = "192.0.2.11"

func TestSwitch_AsksTheKubeletThatKnows(t *testing.T) {
	t.Parallel()
	front := newSwitch(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "real "+r.Host+" "+r.URL.RequestURI())
	}))
	cases := map[string]struct{ path, want string }{
		"logs of a real pod":          {"/containerLogs/default/web/c?follow=true", "real " + nodeAddress + ":10250 /containerLogs/default/web/c?follow=true"},
		"a command in a real pod":     {"/exec/default/web/c?command=ls", "real " + nodeAddress + ":10250 /exec/default/web/c?command=ls"},
		"attaching to a real pod":     {"/attach/default/web/c", "real " + nodeAddress + ":10250 /attach/default/web/c"},
		"a port of a real pod":        {"/portForward/default/web", "real " + nodeAddress + ":10250 /portForward/default/web"},
		"the same with its uid":       {"/portForward/default/web/u", "real " + nodeAddress + ":10250 /portForward/default/web/u"},
		"the node":                    {"/stats/summary", "real " + nodeAddress + ":10250 /stats/summary"},
		"all logs of the node":        {"/logs/", "real " + nodeAddress + ":10250 /logs/"},
		"logs of a simulated pod":     {"/containerLogs/default/db/c", "simulated"},
		"a command in a simulated":    {"/exec/default/db/c", "simulated"},
		"a port of a simulated":       {"/portForward/default/db", "simulated"},
		"a pod that does not exist":   {"/containerLogs/default/gone/c", "simulated"},
		"a pod of another namespace":  {"/containerLogs/other/web/c", "simulated"},
		"a real image, but to suffer": {"/containerLogs/default/crashing/c", "simulated"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			if body, err := io.ReadAll(response.Body); err != nil || string(body) != test.want {
				t.Errorf("%q, %v, want %q", body, err, test.want)
			}
		})
	}
}

// Commands and forwarded ports upgrade their connection and then talk in both directions.
func TestSwitch_PassesUpgradesThrough(t *testing.T) {
	t.Parallel()
	front := newSwitch(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "SPDY/3.1")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		line, _ := both.ReadString('\n')
		_, _ = conn.Write([]byte("heard " + line))
	}))
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(conn, "POST /exec/default/web/c HTTP/1.1\r\nHost: kubelet\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", response, err)
	}
	_ = response.Body.Close()
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := reader.ReadString('\n'); err != nil || line != "heard hello\n" {
		t.Errorf("%q, %v", line, err)
	}
}

func TestSwitch_SaysThatTheKubeletIsGone(t *testing.T) {
	t.Parallel()
	front := newSwitch(t, nil)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL+"/containerLogs/default/web/c", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusBadGateway || !strings.HasPrefix(string(body), "asking the node's kubelet: ") {
		t.Errorf("%d %q, %v", response.StatusCode, body, err)
	}
}

// newSwitch serves a switch over plain HTTP, for a node whose kubelet is actual; nil is a kubelet that does not answer.
func newSwitch(t *testing.T, actual http.Handler) *httptest.Server {
	t.Helper()
	crashing := pod("crashing", "nginx")
	crashing.Annotations = map[string]string{containers.BehaviourAnnotation: "crash"}
	view, err := cluster.New(fake.NewClientset(pod("web", "nginx"), pod("db", "postgres"), crashing), crdfake.NewClientset())
	if err != nil {
		t.Fatal(err)
	}
	if err := view.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := httptest.NewUnstartedServer(actual)
	back.StartTLS()
	t.Cleanup(back.Close)
	if actual == nil {
		back.Close()
	}
	transport, ok := back.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("a client with a %T", back.Client().Transport)
	}
	transport = transport.Clone()
	transport.TLSClientConfig.InsecureSkipVerify = true
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != nodeAddress+":10250" {
			t.Errorf("the kubelet at %s was dialled", address)
		}
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, back.Listener.Addr().String())
	}
	logger := slog.New(slog.DiscardHandler)
	simulated := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "simulated") })
	handler := (&Switch{Rule: containers.New("nginx"), View: view, Transport: transport, Simulated: simulated, Logger: logger}).Handler()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r.WithContext(WithNode(r.Context(), nodeAddress)))
	}))
	t.Cleanup(front.Close)
	return front
}

func pod(name, image string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       corev1.PodSpec{NodeName: "h1", Containers: []corev1.Container{{Name: "c", Image: image}}},
	}
}
