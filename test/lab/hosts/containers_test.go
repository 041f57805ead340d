package hosts_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// greeter is a program for a container: it says over HTTP in which control group of memory it runs.
const greeter = `package main

import (
	"net/http"
	"os"
)

func main() {
	text, _ := os.ReadFile("/proc/self/cgroup")
	_ = http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(append([]byte("hello from a container\n"), text...)) }))
}
`

// pointToPoint is a network of containers without a bridge.
const pointToPoint = `{"cniVersion":"0.4.0","name":"test","plugins":[{"type":"ptp","ipMasq":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.42.200.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}}]}`

const containerdConfig = `version = 2
root = "` + hosts.ContainerRoot + `"
`

// TestContainers runs a container with an address of its own on a host, and looks at what a boot leaves of it.
func TestContainers(t *testing.T) {
	t.Parallel()
	settings := machineSettings(t)
	h := hosts.New(t, hosts.Options{Containers: true, Files: []hosts.File{
		{Path: "/etc/cni/net.d/10-test.conflist", Content: pointToPoint},
		{Path: "/etc/containerd/config.toml", Content: containerdConfig},
	}})
	image := filepath.Join(h.Root(), "root/greeter.tar")
	writeImage(t, image)
	run := func(script string) string {
		t.Helper()
		out, err := h.Run(t.Context(), script)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	run(`mkdir -p /opt/cni && ln -s /usr/lib/cni /opt/cni/bin`)
	const start = `systemd-run --quiet --unit=containerd --property=Delegate=yes --property=KillMode=process containerd
until ctr version > /dev/null 2>&1; do sleep 0.1; done
`
	run(start + "ctr image import /root/greeter.tar && ctr run --cni --memory-limit 67108864 --detach lab.test/greeter:1 greeter")
	address := run(`ip -4 -o route show table main | sed -n 's/^\(10\.42\.200\.[0-9]*\) dev veth.*/\1/p'`)
	answer := run("for i in $(seq 50); do curl -sf http://" + address + ":8080/ && break; sleep 0.1; done")
	if !strings.Contains(answer, "hello from a container") || !strings.Contains(answer, "memory:/default/greeter") {
		t.Errorf("at %s: %s", address, answer)
	}
	if got := run("cat /sys/fs/cgroup/memory/default/greeter/memory.limit_in_bytes"); got != "67108864" {
		t.Errorf("memory limit %s", got)
	}
	if got := run("cat /proc/sys/vm/overcommit_memory /proc/sys/kernel/panic /proc/sys/kernel/panic_on_oops"); got != "1\n10\n1" {
		t.Errorf("settings of the kernel on the host: %s", got)
	}
	if got := machineSettings(t); got != settings {
		t.Errorf("settings of the machine were %s, are %s", settings, got)
	}
	begin := time.Now()
	if err := h.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("rebooted with a container in %s", time.Since(begin).Round(10*time.Millisecond))
	if got := run("ls -d /sys/fs/cgroup/*/default 2> /dev/null || true"); got != "" {
		t.Errorf("control groups of the last boot: %s", got)
	}
	if got := run(start + "ctr image ls -q; ctr container ls -q; ctr task ls -q"); got != "lab.test/greeter:1\ngreeter" {
		t.Errorf("after the reboot: %s", got)
	}
}

// machineSettings are the kernel's settings that a kubelet would change.
func machineSettings(t *testing.T) string {
	t.Helper()
	var all []string
	for _, name := range []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"} {
		text, err := os.ReadFile("/proc/sys/" + name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(string(text)))
	}
	return strings.Join(all, " ")
}

// writeImage writes an image with one program as docker save would.
func writeImage(t *testing.T, path string) {
	t.Helper()
	dir := t.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "greeter")
	if err := os.WriteFile(source, []byte(greeter), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "greeter", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err == nil {
		image, err = mutate.ConfigFile(image, &v1.ConfigFile{
			OS: "linux", Architecture: "amd64", RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{diffID(t, layer)}}, Config: v1.Config{Entrypoint: []string{"/greeter"}},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag("lab.test/greeter:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(path, tag, image); err != nil {
		t.Fatal(err)
	}
}

func diffID(t *testing.T, layer v1.Layer) v1.Hash {
	t.Helper()
	hash, err := layer.DiffID()
	if err != nil {
		t.Fatal(err)
	}
	return hash
}
