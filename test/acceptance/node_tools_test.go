package acceptance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
	"github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// toolReleases serves the tools where hosts can fetch them, each as a script that says what it is.
func toolReleases(t *testing.T) *hostscripttest.Releases {
	t.Helper()
	r := hostscripttest.NewReleasesAt(t, hosts.Gateway)
	says := func(text string) string { return "#!/bin/sh\necho " + text + "\n" }
	for _, v := range []string{"v0.9.4", "v0.11.0"} {
		name := "kubens_" + v + "_linux_x86_64.tar.gz"
		sum := r.Put("/"+v+"/"+name, hostscripttest.Archive(t, "LICENSE", "", "kubens", says("kubens "+v)))
		r.Put("/"+v+"/checksums.txt", sum+"  "+name+"\n")
	}
	for _, v := range []string{"v3.24.5", "v3.32.1"} {
		sum := r.Put("/calico/"+v+"/calicoctl-linux-amd64", says("calicoctl "+v))
		r.Put("/calico/"+v+"/SHA256SUMS", sum+"  calicoctl-linux-amd64\n")
	}
	return r
}

// tools is a lab_node_tools named tools.
func tools(more ...string) string {
	return "resource \"lab_node_tools\" \"tools\" {\n  " + strings.Join(more, "\n  ") + "\n}\n"
}

// TestAccNodeTools_OnAHost installs kubens from a mirror, as a user with sudo, refuses a wrong checksum, heals what was changed, upgrades,
// and leaves nothing behind but what somebody else put there.
func TestAccNodeTools_OnAHost(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	r := toolReleases(t)
	w := newWorkspace(t, l)
	config := func(version, more string) string {
		return tools(fmt.Sprintf("host = %q\n  user = \"ops\"", host.Address()),
			fmt.Sprintf("kubens = { version = %q, url = \"%s/{version}/\" %s }", version, r.URL, more))
	}
	before := atHost(t, host, "find /usr/local /etc/profile.d /etc/bash_completion.d /var/lib -newer /etc/hostname 2>/dev/null | sort; ls -la /usr/local/bin")
	w.config(config("v0.9.4", `, sha256 = "`+strings.Repeat("0", 64)+`"`))
	w.fail(w.apply(), "integrity check failed", "kubens v0.9.4", "sha256 says "+strings.Repeat("0", 64), "nothing was installed")
	if out := atHost(t, host, "ls -A /usr/local/bin | grep -v rke2 || true"); out != "" {
		t.Errorf("installed all the same: %s", out)
	}

	w.config(config("v0.9.4", ""))
	w.succeed(w.apply())
	w.noChanges()
	login := "su - ops -c 'PATH=/usr/bin:/bin; . /etc/profile; . /etc/bash_completion.d/kubens; kubens; complete -p kubens' 2>/dev/null"
	if out := atHost(t, host, strings.Replace(login, "su - ops -c", "su -s /bin/bash - ops -c", 1)); !strings.Contains(out, "kubens v0.9.4") || !strings.Contains(out, "_lab_kubens kubens") {
		t.Errorf("a login shell has %q", out)
	}

	atHost(t, host, "echo broken >/usr/local/bin/kubens; rm /etc/profile.d/terraform-provider-lab.sh")
	w.says(w.plan(), "kubens: want /usr/local/bin/kubens with sha256", "/etc/profile.d/terraform-provider-lab.sh: want it, the host has none", "1 to change")
	w.succeed(w.apply())
	w.noChanges()
	if out := atHost(t, host, "/usr/local/bin/kubens; test -f /etc/profile.d/terraform-provider-lab.sh && stat -c '%a %U' /usr/local/bin/kubens"); out != "kubens v0.9.4\n755 root" {
		t.Errorf("healed to %q", out)
	}

	w.config(config("v0.11.0", ""))
	w.says(w.succeed(w.apply()), "0 added, 1 changed, 0 destroyed")
	if out := atHost(t, host, "kubens"); out != "kubens v0.11.0" {
		t.Errorf("upgraded to %q", out)
	}
	atHost(t, host, "touch /etc/bash_completion.d/theirs")
	w.succeed(w.destroy())
	atHost(t, host, "rm /etc/bash_completion.d/theirs")
	if out := atHost(t, host, "find /usr/local /etc/profile.d /etc/bash_completion.d /var/lib -newer /etc/hostname 2>/dev/null | sort; ls -la /usr/local/bin"); stable(out) != stable(before) {
		t.Errorf("left behind:\n%s\nbefore:\n%s", out, before)
	}
}

// stable leaves out of a listing what other services of a host write, and times.
func stable(listing string) string {
	var lines []string
	for line := range strings.Lines(listing) {
		fields := strings.Fields(line)
		if len(fields) == 1 && !strings.HasPrefix(fields[0], "/var/lib/systemd") && !strings.HasSuffix(fields[0], ".d") && !strings.HasSuffix(fields[0], "/bin") {
			lines = append(lines, fields[0])
		}
	}
	return strings.Join(lines, "\n")
}

// TestAccNodeTools_LeaveOthersAlone refuses to overwrite a file of somebody else's, also when it is the same tool.
func TestAccNodeTools_LeaveOthersAlone(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	r := toolReleases(t)
	w := newWorkspace(t, l)
	config := func(more string) string {
		return tools(fmt.Sprintf("host = %q", host.Address()), fmt.Sprintf("kubens = { version = \"v0.11.0\", url = \"%s/{version}/\" }", r.URL), more)
	}
	atHost(t, host, "echo mine >/usr/local/bin/kubens")
	w.config(config(""))
	w.fail(w.apply(), "conflict", "/usr/local/bin/kubens")
	if out := atHost(t, host, "cat /usr/local/bin/kubens"); out != "mine" {
		t.Errorf("it is %q now", out)
	}
	w.config(config("adopt = true"))
	w.succeed(w.apply())
	w.noChanges()
	atHost(t, host, "echo mine again >/usr/local/bin/kubens")
	w.says(w.succeed(w.run("destroy", "-input=false", "-auto-approve", "-refresh=false")), "changed files stay", "/usr/local/bin/kubens")
	if out := atHost(t, host, "cat /usr/local/bin/kubens"); out != "mine again" {
		t.Errorf("it is %q now", out)
	}
}

// TestAccNodeTools_OfACluster takes the calicoctl that fits the cluster's Calico, and RKE2's own kubectl, on the cluster's node.
func TestAccNodeTools_OfACluster(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1})
	host := l.Hosts()[0]
	r := toolReleases(t)
	w := newWorkspace(t, l)
	w.config(server(l, host, `cni = ["calico"]`), tools(
		"cluster = lab_rke2_node.server.cluster",
		fmt.Sprintf("calicoctl = { url = \"%s/calico/{version}/\" }", r.URL),
		"kubectl = {}",
		`kubeconfig_path = "/etc/rancher/rke2/rke2.yaml"`,
	))
	w.succeed(w.apply())
	w.noChanges()
	if out := atHost(t, host, "calicoctl; readlink /usr/local/bin/kubectl; bash -lc 'echo $KUBECONFIG $DATASTORE_TYPE'"); out != "calicoctl v3.32.1\n/var/lib/rancher/rke2/bin/kubectl\n/etc/rancher/rke2/rke2.yaml kubernetes" {
		t.Errorf("the host says %q", out)
	}
	if out := atHost(t, host, "su -s /bin/bash - ops -c 'echo ${KUBECONFIG-none}'; stat -c %a /etc/rancher/rke2/rke2.yaml"); out != "none\n600" {
		t.Errorf("another user has %q", out)
	}
	w.succeed(w.destroy())
	if out := atHost(t, host, "ls /usr/local/bin /etc/profile.d /etc/bash_completion.d | grep -E 'calicoctl|kubectl|terraform' || true"); out != "" {
		t.Errorf("left: %s", out)
	}
}
