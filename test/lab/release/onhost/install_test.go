package onhost_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// installCase is one run of an installer. The host is the same for all, so each case says what was prepared and what it leaves.
type installCase struct {
	name    string
	faults  []release.Fault
	prepare string // script before
	env     string
	user    string // "" for root
	code    int
	want    string // part of the output
	after   string // script that must succeed afterwards
}

const artifacts = "INSTALL_RKE2_ARTIFACT_PATH=/root/artifacts"

func installCases() []installCase {
	fetch := func(names ...string) string {
		return "rm -rf /root/artifacts && mkdir /root/artifacts && cd /root/artifacts && for f in " + strings.Join(names, " ") +
			"; do curl -sfO $RELEASES/releases/download/v1.36.3%2Brke2r1/$f; done"
	}
	images := "rke2-images.linux-amd64.tar.zst"
	nothing := "test ! -e /usr/local/bin/rke2 && ! ls /tmp/rke2-install.* 2>/dev/null"
	installed := "/usr/local/bin/rke2 --version | grep -q v1.36.3+rke2r1"
	return []installCase{
		{name: "wrong sum", faults: []release.Fault{{Kind: release.WrongSum}}, code: 1, want: "download sha256 does not match 0000", after: nothing},
		{name: "no sum", faults: []release.Fault{{Kind: release.NoSum}}, code: 1, want: "download sha256 does not match , got ", after: nothing},
		{name: "no such version", env: "INSTALL_RKE2_VERSION=v9.9.9+rke2r1", code: 22, after: nothing},
		{name: "no such channel", env: "INSTALL_RKE2_CHANNEL=nightly", code: 22, after: nothing},
		{name: "bundle missing", faults: []release.Fault{{Kind: release.Missing}}, code: 22, after: nothing},
		{name: "download is cut", faults: []release.Fault{{Kind: release.Cut}}, code: 18, after: nothing},
		{name: "not root", user: "ops", code: 1, want: "[ERROR]  You need to be root to perform this install", after: nothing},
		{name: "unknown machine", env: "ARCH=riscv64", code: 1, want: "unsupported architecture riscv64", after: nothing},
		{name: "no such folder", prepare: "rm -rf /root/artifacts", env: artifacts, code: 1, want: "cannot stat", after: nothing},
		{
			name: "images with a wrong sum", prepare: fetch(images, release.Bundle(), release.Sums()) + "; echo >> " + images, env: artifacts,
			code: 1, want: "download sha256 does not match", after: nothing + " && test ! -e /var/lib/rancher/rke2/agent/images",
		},
		{
			name: "images without a sum", prepare: fetch(images, release.Bundle(), release.Sums()) + "; sed -i /rke2-images/d " + release.Sums(),
			env: artifacts, after: installed + " && test ! -e /var/lib/rancher/rke2/agent/images && rm /usr/local/bin/rke2",
		},
		{
			name: "folder", prepare: fetch(images, "rke2-images-calico.linux-amd64.tar.zst", release.Bundle(), release.Sums()), env: artifacts,
			after: installed + " && ls /var/lib/rancher/rke2/agent/images/{rke2-images,rke2-images-calico}.linux-amd64.tar.zst",
		},
		{
			name: "over an older release", prepare: "curl -sfL $RELEASES/install.sh | INSTALL_RKE2_VERSION=v1.35.7+rke2r1 sh -",
			env: "INSTALL_RKE2_CHANNEL=latest", want: "[INFO]  using v1.36.3+rke2r1 as release", after: installed,
		},
	}
}

// TestInstall_Cases runs the stand-in's installer, and the real one where there is one, through good and bad cases with one table.
func TestInstall_Cases(t *testing.T) {
	t.Parallel()
	own, err := release.Installer("http://no-default")
	if err != nil {
		t.Fatal(err)
	}
	installers := map[string][]byte{"own": own}
	if dir := os.Getenv("RKE2_UPSTREAM_DIR"); dir != "" {
		if installers["upstream"], err = os.ReadFile(filepath.Join(dir, "install.sh")); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range installers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			releases, err := release.New(release.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := site{Host: hosts.New(t, hosts.Options{}), releases: serveReleases(t, releases.Handler())}
			s.run(t, "cat > /tmp/install.sh <<'SCRIPT'\n"+string(script)+"\nSCRIPT")
			for _, c := range installCases() {
				if err := releases.SetFaults(c.faults); err != nil {
					t.Fatal(err)
				}
				s.tryInstall(t, c)
			}
		})
	}
}

func (s site) tryInstall(t *testing.T, c installCase) {
	t.Helper()
	if c.prepare != "" {
		s.run(t, "RELEASES="+s.releases+"; "+c.prepare)
	}
	user := c.user
	if user == "" {
		user = "root"
	}
	out, err := s.Run(t.Context(), fmt.Sprintf("runuser -u %[1]s -- env INSTALL_RKE2_CHANNEL_URL=%[2]s/channels INSTALL_RKE2_ARTIFACT_URL=%[2]s/releases/download %[3]s sh /tmp/install.sh 2>&1",
		user, s.releases, c.env))
	code := 0
	var failed *hosts.CommandError
	if errors.As(err, &failed) {
		code = failed.Code
	} else if err != nil {
		t.Fatal(err)
	}
	if code != c.code || !strings.Contains(out, c.want) {
		t.Errorf("%s: code %d, want %d: %s", c.name, code, c.code, out)
	}
	if out, err := s.Run(t.Context(), "bash -c '"+c.after+"'"); err != nil {
		t.Errorf("%s: afterwards: %v %s", c.name, err, out)
	}
}
