package rke2

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
)

// sh runs one of the package's scripts on this machine, with stand-ins for the programs in bin before its own. A
// program whose stand-in is [absent] is one that the machine does not have.
func sh(t *testing.T, name string, env, bin map[string]string) hostscript.Answer {
	t.Helper()
	machine := hostscripttest.NewShell(t, "this machine")
	for program, body := range bin {
		if body == absent {
			machine.Absent = append(machine.Absent, program)
		} else {
			machine.Provide(t, program, body)
		}
	}
	answer, err := run(t.Context(), machine, script{name: name, file: name, env: env})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

const absent = "absent"

func writeFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestReadScript(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	archive(t, root+"/a.tar.gz", testVersion)
	writeFile(t, root+"/usr/bin/rke2", "#!/bin/sh\necho rke2 version "+testVersion+" '(0123abc)'\n", 0o755)
	writeFile(t, root+"/usr/.stage/x", "", 0o600)
	writeFile(t, root+"/etc/config.yaml", "\"data-dir\": '"+root+"/data'\n", 0o644)
	writeFile(t, root+"/etc/config.yaml.d/a b.yaml", "cni: canal\n", 0o640)
	writeFile(t, root+"/etc/token", "canary", 0o600)
	writeFile(t, root+"/data/server/token", "canary", 0o600)
	bin := map[string]string{
		"systemctl": fmt.Sprintf(`for unit; do :; done; echo "Id=$unit"; echo MainPID=%d`, os.Getpid()),
		"ip":        `case "$*" in *1.1.1.1*) echo "1.1.1.1 via 10.0.0.254 dev eth0 src 10.0.0.7 uid 0";; esac`,
	}
	answer := sh(t, "read.sh", map[string]string{
		"DATA_DIR": "", "CONFIG_DIR": root + "/etc", "TOKEN_FILE": root + "/etc/token", "PREFIXES": root + "/none " + root + "/usr",
		"STAGE_NAME": ".stage", "UNIT_PROPERTIES": unitProperties,
	}, bin)
	for key, want := range map[string]string{
		"prefix": root + "/usr", "version": testVersion, "stage": root + "/usr/.stage", "data_dir": root + "/data", "data": "server",
		"address": "10.0.0.7",
	} {
		if got := answer.Value(key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	if unit := parseUnit(string(answer.Blob("unit.agent"))); unit.Name != "rke2-agent.service" || unit.MainPID != os.Getpid() {
		t.Errorf("unit: %+v", unit)
	}
	files, err := filesOf(answer)
	if err != nil {
		t.Fatal(err)
	}
	if got := files[root+"/etc/config.yaml.d/a b.yaml"]; string(got.content) != "cni: canal\n" || got.mode != "640" {
		t.Errorf("drop-in: %+v", got)
	}
	if got, has := files[root+"/etc/token"]; !has || len(got.content) != 0 || got.mode != "600" {
		t.Errorf("the token file must be seen and not read: %+v", got)
	}
}

func TestPreflightScript_NamesWhoListens(t *testing.T) {
	t.Parallel()
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listening.Close() })
	_, port, err := net.SplitHostPort(listening.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	answer := sh(t, "preflight.sh", map[string]string{"PORTS": "1 " + port, "DIRS": root + " " + root + "/not/there"}, nil)
	got := parseFacts(answer)
	if len(got.listeners) != 1 || strconv.Itoa(got.listeners[0].port) != port {
		t.Errorf("listeners: %+v", got.listeners)
	}
	for _, dir := range []string{root, root + "/not/there"} {
		if at := got.dirs[dir]; at.freeMiB == 0 || !at.writable || at.mounted {
			t.Errorf("%s: %+v", dir, at)
		}
	}
	if archName(got.arch) == "" || got.hostname == "" || got.cpus == 0 || got.memory == 0 || got.init == "" || !got.tools["tar"] {
		t.Errorf("facts: %+v", got)
	}
	if age := time.Since(got.clock); age > time.Minute || age < -time.Minute {
		t.Errorf("the clock is off by %s", age)
	}
}

func TestPortsScript_WithoutSS(t *testing.T) {
	t.Parallel()
	tables := `for f; do case $f in */tcp) echo 'sl local_address rem_address st'; echo ' 0: 00000000:192B 00000000:0000 0A';
echo ' 1: 0100007F:2481 00000000:0000 01';; esac; done`
	answer := sh(t, "ports.sh", map[string]string{"PORTS": "6443 9345"}, map[string]string{"ss": absent, "cat": tables})
	want := []listener{{port: 6443, program: "unknown"}}
	if diff := cmp.Diff(want, parseListeners(answer), cmp.AllowUnexported(listener{})); diff != "" {
		t.Errorf("want(-) got(+):\n%s", diff)
	}
}

func TestPollScript(t *testing.T) {
	t.Parallel()
	journal := `[ "$*" = "--no-pager -o cat -u x.service --since @5" ] || [ "$*" = "--no-pager -o cat -n 120 -u x.service --since @5" ] || exit 9
echo 'time="t" level=warning msg="Unknown flag --ingress-controler found in config.yaml, skipping"'
echo 'time="t" level=fatal msg="over"'`
	env := map[string]string{"UNIT": "x.service", "UNIT_PROPERTIES": "a,b", "SINCE": "5", "DATA_DIR": t.TempDir() + "/none"}
	down := sh(t, "poll.sh", env, map[string]string{"systemctl": "echo ActiveState=activating", "journalctl": journal})
	if lines := journalLines(string(down.Blob("journal"))); len(lines) != 2 || lines[1] != "fatal: over" {
		t.Errorf("journal: %q", lines)
	}
	if down.Value("free_kib") == "" {
		t.Error("the room left is not told")
	}
	up := sh(t, "poll.sh", env, map[string]string{"systemctl": "echo ActiveState=active", "journalctl": journal})
	if diff := cmp.Diff([]string{"ingress-controler"}, up.Values("unknown")); diff != "" || up.Blob("journal") != nil {
		t.Errorf("unknown keys: %s", diff)
	}
}

func TestReadyScript(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/ping", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "pong") })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	kubeconfig := t.TempDir() + "/rke2.yaml"
	env := map[string]string{"DATA_DIR": t.TempDir(), "KUBECONFIG": kubeconfig, "SUPERVISOR": server.URL, "API": server.URL}
	if got := unusable(sh(t, "ready.sh", env, nil)); got != "there is no kubeconfig yet" {
		t.Errorf("without a kubeconfig: %s", got)
	}
	writeFile(t, kubeconfig, "x", 0o600)
	if got := unusable(sh(t, "ready.sh", env, nil)); got != "" {
		t.Errorf("a server that answers: %s", got)
	}
	env["API"] = "https://127.0.0.1:1"
	if got := unusable(sh(t, "ready.sh", env, nil)); !strings.Contains(got, "the API server is not ready: curl: (7)") {
		t.Errorf("without an API server: %s", got)
	}
}
