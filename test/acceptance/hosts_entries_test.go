package acceptance_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

// names is a lab_hosts_entries called like its block; more is put into it.
func names(block string, more ...string) string {
	return fmt.Sprintf("resource \"lab_hosts_entries\" %q {\n  name = %q\n  %s\n}\n", block, block, strings.Join(more, "\n  "))
}

func atHost(t *testing.T, h *hosts.Host, script string) string {
	t.Helper()
	out, err := h.Run(t.Context(), script)
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return out
}

// hostsFileOf returns a host's hosts file with its white space, which Run would cut off.
func hostsFileOf(t *testing.T, h *hosts.Host) string {
	t.Helper()
	return strings.TrimSuffix(atHost(t, h, "cat /etc/hosts; printf '|'; stat -c '%a %U:%G' /etc/hosts"), "\n")
}

// TestAccHostsEntries_OnAHost has several blocks of one file come at once, as a user with sudo; edits outside of them stay, edits
// inside are said and put right, and a destroy leaves the file as it was.
func TestAccHostsEntries_OnAHost(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	atHost(t, host, "printf '127.0.0.1 localhost\\n# mine, without an end' >/etc/hosts; chmod 0664 /etc/hosts; chgrp adm /etc/hosts")
	before := hostsFileOf(t, host)
	w := newWorkspace(t, l)
	at := fmt.Sprintf("host = %q\n  user = \"ops\"", host.Address())
	var all []string
	for i := range 6 {
		all = append(all, names(fmt.Sprintf("n%d", i), at, fmt.Sprintf(`entries = { "10.88.7.%d" = ["n%d.lab.example", "n%d"] }`, i+1, i, i)))
	}
	w.config(all...)
	w.succeed(w.apply())
	w.noChanges()
	for i := range 6 {
		if got := atHost(t, host, fmt.Sprintf("getent hosts n%d.lab.example", i)); !strings.HasPrefix(got, fmt.Sprintf("10.88.7.%d ", i+1)) {
			t.Errorf("the host finds n%d at %q", i, got)
		}
	}

	atHost(t, host, "sed -i -e 's/^10.88.7.3 .*/10.88.7.99 other/' -e '1i # first' /etc/hosts; echo '10.9.9.9 theirs' >>/etc/hosts")
	r := w.plan()
	if r.code != 2 {
		t.Fatalf("the plan sees nothing (%d):\n%s", r.code, r.output)
	}
	w.says(r, `want line \"10.88.7.3 n2.lab.example n2\", the file has none`, `want no line \"10.88.7.99 other\", the file has one`, "1 to change")
	w.says(w.succeed(w.apply()), "0 added, 1 changed, 0 destroyed")
	w.noChanges()
	if got := hostsFileOf(t, host); !strings.HasPrefix(got, "# first\n127.0.0.1 localhost\n") || !strings.Contains(got, "10.9.9.9 theirs\n|664 root:adm") || strings.Contains(got, "other") {
		t.Errorf("the file is\n%s", got)
	}
	atHost(t, host, "sed -i -e '/^# first/d' -e '/theirs$/d' /etc/hosts")
	w.succeed(w.destroy())
	same(t, before, hostsFileOf(t, host))
}

// TestAccHostsEntries_BoundFile is what a container does with /etc/hosts: it cannot be renamed over.
func TestAccHostsEntries_BoundFile(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	atHost(t, host, "cp /etc/hosts /root/hosts && mount --bind /root/hosts /etc/hosts")
	before := hostsFileOf(t, host)
	w := newWorkspace(t, l)
	w.config(names("lab", fmt.Sprintf("host = %q", host.Address()), `entries = { "10.88.7.1" = ["a.lab.example"] }`))
	w.succeed(w.apply())
	w.noChanges()
	atHost(t, host, "grep -q a.lab.example /root/hosts")
	w.succeed(w.destroy())
	same(t, before, hostsFileOf(t, host))
}

// TestAccHostsEntries_Refusals shows what cannot be done, and that a destroyed block is made again.
func TestAccHostsEntries_Refusals(t *testing.T) {
	t.Parallel()
	l, host := oneHost(t)
	entries := `entries = { "10.88.7.1" = ["a.lab.example"] }`
	at := fmt.Sprintf("host = %q", host.Address())
	w := newWorkspace(t, l)
	w.config(names("lab", at, `user = "nosudo"`, entries))
	w.fail(w.apply(), "permission denied", "nosudo")

	atHost(t, host, "echo '10.1.1.1 a.lab.example' >>/etc/hosts")
	w.config(names("lab", at, entries))
	w.says(w.succeed(w.apply()), "gives a.lab.example the address 10.1.1.1", "wins")

	second := newWorkspace(t, l)
	second.config(names("lab", at, entries))
	second.fail(second.apply(), "conflict", `has a block "lab" already`)

	atHost(t, host, "sed -i '/terraform-provider-lab/d; /^10.88.7.1/d' /etc/hosts")
	w.says(w.plan(), "is gone", "1 to add")
	w.succeed(w.apply())
	w.succeed(w.destroy())
}

// TestAccHostsEntries_Here keeps a file of the machine that Terraform runs on, and imports it.
func TestAccHostsEntries_Here(t *testing.T) {
	t.Parallel()
	l, _ := oneHost(t)
	w := newWorkspace(t, l)
	path := filepath.Join(w.dir, "hosts")
	w.write("hosts", "127.0.0.1 localhost\r\n")
	config := names("lab", fmt.Sprintf("path = %q", path), `entries = { "10.88.7.1" = ["a.lab.example"], "fd00::1" = ["a.lab.example"] }`) +
		"output \"block\" {\n  value = provider::lab::hosts_block({ \"10.88.7.1\" = [\"a.lab.example\"], \"fd00::1\" = [\"a.lab.example\"] })\n}\n"
	w.config(config)
	w.succeed(w.apply())
	block := "# BEGIN terraform-provider-lab lab\n10.88.7.1 a.lab.example\nfd00::1 a.lab.example\n# END terraform-provider-lab lab\n"
	same(t, "127.0.0.1 localhost\r\n"+strings.ReplaceAll(block, "\n", "\r\n"), w.read("hosts"))
	w.must(os.Remove(filepath.Join(w.dir, "terraform.tfstate")))
	w.succeed(w.run("import", "-input=false", "lab_hosts_entries.lab", path+"#lab"))
	w.succeed(w.apply()) // the output
	w.noChanges()
	w.succeed(w.destroy())
	same(t, "127.0.0.1 localhost\r\n", w.read("hosts"))
}

func same(t *testing.T, want, got string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}
