package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	lab "github.com/dxlab/terraform-provider-lab/test/lab"
)

// needControlPlane names a control plane that has been built, so that no test builds one. Without one the test is skipped, but fails
// when CI is true.
func needControlPlane(t *testing.T) {
	t.Helper()
	path, err := lab.FindControlPlane()
	if errors.Is(err, lab.ErrNoControlPlane) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("LAB_CONTROLPLANE", path)
}

// fromEnv returns the value that a shell finds in a lab's environment.
func fromEnv(t *testing.T, dir, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `unset "$2"; . "$1/env"; eval "echo \"\$$2\""`, "sh", dir, name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// api is a client of the API that a kubeconfig names: only the lines that matter are read.
type api struct {
	server string
	client *http.Client
}

func newAPI(t *testing.T, path string) api {
	t.Helper()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the kubeconfig %q: %v, %v", path, info, err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fields := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), ": "); ok {
			fields[name] = value
		}
	}
	decode := func(name string) []byte {
		value, err := base64.StdEncoding.DecodeString(fields[name])
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	certificate, err := tls.X509KeyPair(decode("client-certificate-data"), decode("client-key-data"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(decode("certificate-authority-data"))
	return api{server: fields["server"], client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}},
	}}}
}

func (a api) get(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.server+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := a.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s%s: %s, %q (%v)", a.server, path, response.Status, body, err)
	}
	return string(body)
}

func (a api) clusterID(t *testing.T) string {
	t.Helper()
	var namespace struct{ Metadata struct{ UID string } }
	if err := json.Unmarshal([]byte(a.get(t, "/api/v1/namespaces/kube-system")), &namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Metadata.UID
}

// TestLab_Cluster runs two labs side by side, ends one in order and kills the other.
func TestLab_Cluster(t *testing.T) { //nolint:paralleltest // it sets an environment variable
	needHosts(t)
	needControlPlane(t)
	var dirs [2]string
	var both sync.WaitGroup
	for i := range dirs {
		dirs[i] = filepath.Join(t.TempDir(), "lab")
		t.Cleanup(func() {
			if out, code := cli(t, "down", "--dir", dirs[i]); code != 0 {
				t.Errorf("lab down: exit code %d\n%s", code, out)
			}
		})
		both.Go(func() {
			if out, code := cli(t, "up", "--dir", dirs[i]); code != 0 || !strings.Contains(out, "the lab's cluster is up") {
				t.Errorf("lab up: exit code %d\n%s", code, out)
			}
		})
	}
	both.Wait()
	if t.Failed() {
		t.FailNow()
	}
	var apis [2]api
	var states [2]state
	for i, dir := range dirs {
		states[i] = readState(t, dir)
		apis[i] = newAPI(t, fromEnv(t, dir, "KUBECONFIG"))
		if body := apis[i].get(t, "/readyz"); body != "ok" {
			t.Errorf("the cluster of lab %d says %q", i, body)
		}
		if nodes := apis[i].get(t, "/api/v1/nodes"); !strings.Contains(nodes, `"name":"`+lab.NodeName+`"`) {
			t.Errorf("the nodes of lab %d: %s", i, nodes)
		}
		if out := good(t, "status", "--dir", dir); !strings.Contains(out, "cluster is running: "+strings.TrimPrefix(apis[i].server, "https://")) {
			t.Errorf("status says %q", out)
		}
	}
	if a, b := apis[0].clusterID(t), apis[1].clusterID(t); a == "" || a == b {
		t.Errorf("the clusters are %q and %q", a, b)
	}
	inside := good(t, "run", "--dir", dirs[0], "--", "sh", "-c", `grep -o 'https://.*' "$KUBECONFIG"`)
	if inside != "https://10.88.0.1:6443" {
		t.Errorf("inside the lab the cluster is %q", inside)
	}
	processes := family(t, states[0])
	good(t, "down", "--dir", dirs[0])
	checkGone(t, dirs[0], states[0], processes)
	if body := apis[1].get(t, "/readyz"); body != "ok" {
		t.Errorf("after the end of the other lab the cluster says %q", body)
	}
	processes = family(t, states[1])
	kill(t, states[1])
	good(t, "down", "--dir", dirs[1])
	checkGone(t, dirs[1], states[1], processes)
}

func kill(t *testing.T, s state) {
	t.Helper()
	if err := syscall.Kill(s.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := waitGone(ctx, s); err != nil {
		t.Fatal(err)
	}
}

func TestLab_WithoutCluster(t *testing.T) { //nolint:paralleltest // it sets an environment variable
	needHosts(t)
	needControlPlane(t)
	dir := filepath.Join(t.TempDir(), "lab")
	t.Cleanup(func() { good(t, "down", "--dir", dir) })
	good(t, "up", "--cluster=false", "--hosts", "0", "--dir", dir)
	if path := fromEnv(t, dir, "KUBECONFIG"); path != "" {
		t.Errorf("KUBECONFIG is %q", path)
	}
	if out := good(t, "status", "--dir", dir); strings.Contains(out, "cluster") {
		t.Errorf("status says %q", out)
	}
}

// TestLab_ClusterDies ends the control plane of a running lab: the lab goes on and says so.
func TestLab_ClusterDies(t *testing.T) { //nolint:paralleltest // it sets an environment variable
	needHosts(t)
	needControlPlane(t)
	dir := filepath.Join(t.TempDir(), "lab")
	t.Cleanup(func() { good(t, "down", "--dir", dir) })
	good(t, "up", "--hosts", "0", "--dir", dir)
	ended := 0
	for pid := range family(t, readState(t, dir)) {
		text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
		if strings.Contains(string(text), "/lab-controlplane\x00run\x00") {
			ended++
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	if ended != 1 {
		t.Fatalf("%d control planes were found", ended)
	}
	waitFor(t, func() bool {
		return strings.Contains(good(t, "status", "--dir", dir), "cluster is not running any more")
	})
	log, err := os.ReadFile(filepath.Join(dir, logFile))
	if err != nil || !strings.Contains(string(log), "the lab's cluster ended") {
		t.Errorf("the log says %q (%v)", log, err)
	}
}
