package nodetools

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func run(t *testing.T, script string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "bash", "--norc", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestProfile_SetsUpALoginShell(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kubeconfig := filepath.Join(dir, "rke2.yaml")
	s := Spec{BinDir: dir, Shell: true, Kubeconfig: kubeconfig, Tools: map[string]Tool{Calicoctl: {}, Kubectl: {}}}
	profile := filepath.Join(dir, "profile.sh")
	if err := os.WriteFile(profile, []byte(s.texts()[profileFile]), 0o600); err != nil {
		t.Fatal(err)
	}
	show := `; echo "$PATH|$DATASTORE_TYPE|${KUBECONFIG-none}"`
	// Twice, as nested login shells do.
	source := "unset KUBECONFIG; PATH=/bin:/usr/bin; set -u; . " + profile + "; . " + profile
	if got, want := run(t, source+show), "/bin:/usr/bin:"+dir+"|kubernetes|none"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := os.WriteFile(kubeconfig, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := run(t, source+show), "|"+kubeconfig; !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := run(t, strings.Replace(source, "unset KUBECONFIG", "export KUBECONFIG=mine", 1)+show); !strings.HasSuffix(got, "|mine") {
		t.Errorf("got %s", got)
	}
}

func TestTexts_AreOnlyThereWhenAskedFor(t *testing.T) {
	t.Parallel()
	tools := map[string]Tool{Kubectl: {}}
	if got := (Spec{BinDir: "/bin", Tools: tools}).texts(); len(got) > 0 {
		t.Errorf("got %v", got)
	}
	got := (Spec{BinDir: "/bin", Tools: tools, Kubeconfig: "/k"}).texts()
	if len(got) != 1 || strings.Contains(got[profileFile], "PATH=") || !strings.Contains(got[profileFile], "KUBECONFIG=/k") {
		t.Errorf("got %v", got)
	}
}

// The completions do in bash what they promise.
func TestCompletions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, body := range map[string]string{
		"kubectl": "case $1 in get) echo 'default kube-system' ;; completion) echo '__start_kubectl() { COMPREPLY=(real); }; complete -F __start_kubectl kubectl' ;; esac",
		"helm":    "exit 1",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ script, want string }{
		Kubectl:   {"_lab_kubectl; echo $? $(complete -p kubectl)", "124 complete -F __start_kubectl kubectl"},
		Helm:      {"_lab_helm; complete -p helm 2>/dev/null || echo none", "none"},
		Kubens:    {"COMP_WORDS=(kubens kube); COMP_CWORD=1; _lab_kubens; echo ${COMPREPLY[*]}", "kube-system"},
		Calicoctl: {"complete -p calicoctl", "complete -W 'create replace apply patch delete get label convert ipam node version datastore cluster' calicoctl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := run(t, "PATH="+dir+":$PATH\n"+completions[name]+c.script); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
