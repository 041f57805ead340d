package acceptance_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// TestAccSecrets gives every credential a value of its own and looks for it wherever Terraform and the provider leave
// anything: state, saved plan, trace log, output and diagnostics, and the process list of the host.
func TestAccSecrets(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	canaries := map[string]string{
		"values_wo":         "canary-values-8c1f",
		"registry password": "canary-registry-77ab",
		"ssh password":      "canary-password-51de",
		"sudo password":     "s3cret-canary-sudo-09aa",
		"key passphrase":    "canary-passphrase-3310",
	}
	if _, err := host.Run(t.Context(), "echo 'opspw:"+canaries["sudo password"]+"' | chpasswd"); err != nil {
		t.Fatal(err)
	}
	w := newWorkspace(t, l)
	w.env["LAB_SSH_USER"] = "opspw"
	w.env["LAB_SSH_PASSWORD"] = canaries["ssh password"]
	w.env["LAB_SSH_SUDO_PASSWORD"] = canaries["sudo password"]
	w.env["LAB_SSH_PRIVATE_KEY_PASSPHRASE"] = canaries["key passphrase"]
	w.env["TF_LOG"], w.env["TF_LOG_PATH"] = "TRACE", filepath.Join(w.dir, "trace.log")
	config := []string{
		server(
			l, host, `registries_auth_wo = { "registry.example.test" = { username = "u", password = var.registry } }`,
			"registries_auth_wo_version = 1",
			`registries = { mirrors = { "docker.io" = { endpoint = ["https://registry.example.test"] } } }`,
		),
		variables(l),
		"variable \"registry\" {\n  ephemeral = true\n}\nvariable \"wo\" {\n  ephemeral = true\n}\n",
		web("1.0.0", `values_wo = yamlencode({ password = var.wo })`, "values_wo_version = 1"),
	}
	w.config(config...)
	arguments := []string{"-var", "registry=" + canaries["registry password"], "-var", "wo=" + canaries["values_wo"]}
	watch := watchProcesses(t, host)
	outputs := []string{w.succeed(w.run(append([]string{"plan", "-input=false", "-out=saved.plan"}, arguments...)...)).output}
	outputs = append(outputs, w.succeed(w.run(append([]string{"apply", "-input=false"}, append(arguments, "saved.plan")...)...)).output)
	canaries["join token"] = secretOf(t, host, "/var/lib/rancher/rke2/server/token")
	canaries["admin key"] = adminKey(t, host)
	if registries := secretOf(t, host, "/etc/rancher/rke2/registries.yaml"); !strings.Contains(registries, canaries["registry password"]) {
		t.Error("the registry password did not arrive on the host, so that this test would prove nothing")
	}

	config[3] = strings.Replace(config[3], `chart         = "web"`, `chart         = "strict-values"`, 1)
	w.config(config...)
	outputs = append(outputs, w.apply(arguments...).output)

	places := map[string]string{
		"state":        w.read("terraform.tfstate"),
		"saved plan":   unzipped(t, filepath.Join(w.dir, "saved.plan")),
		"trace log":    w.read("trace.log"),
		"output":       strings.Join(outputs, "\n"),
		"process list": watch(),
	}
	if !strings.Contains(places["trace log"], "lab_helm_release") || !strings.Contains(places["process list"], "rke2") {
		t.Error("there is nothing to look at, so that this test would prove nothing")
	}
	for where, text := range places {
		for what, canary := range canaries {
			if canary != "" && strings.Contains(withoutArguments(where, text), canary) {
				t.Errorf("the %s is in the %s", what, where)
			}
		}
	}
}

// withoutArguments takes Terraform's own record of its command line out of its log: the test passes its canaries there
// as -var arguments, which is Terraform's doing and not the provider's.
func withoutArguments(where, text string) string {
	if where != "trace log" {
		return text
	}
	var kept []string
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "CLI args:") || strings.Contains(line, "CLI command args:") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n")
}

// watchProcesses samples the host's process list until the returned function is called.
func watchProcesses(t *testing.T, host *hosts.Host) func() string {
	t.Helper()
	var seen lockedBuffer
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			if out, err := host.Run(t.Context(), "for i in 1 2 3 4 5 6 7 8; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '; sleep 0.05; done"); err == nil {
				_, _ = seen.Write([]byte(out))
			}
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() string {
		close(stop)
		<-done
		return seen.String()
	}
}

func secretOf(t *testing.T, host *hosts.Host, path string) string {
	t.Helper()
	out, err := host.Run(t.Context(), "cat "+path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// adminKey is a piece of the administrator's key that is long enough to be nobody else's.
func adminKey(t *testing.T, host *hosts.Host) string {
	t.Helper()
	for _, line := range strings.Split(secretOf(t, host, "/etc/rancher/rke2/rke2.yaml"), "\n") {
		if _, key, ok := strings.Cut(line, "client-key-data: "); ok && len(key) > 60 {
			return key[20:60]
		}
	}
	t.Fatal("the kubeconfig has no key")
	return ""
}

func unzipped(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	info, err := raw.Stat()
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(raw, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range archive.File {
		part, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, part); err != nil {
			t.Fatal(err)
		}
		part.Close()
	}
	return all.String()
}
