package nodetools_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
	"github.com/dxlab/terraform-provider-lab/internal/nodetools"
)

// world is a machine, this one, and a server of releases.
type world struct {
	t        *testing.T
	host     *hostscripttest.Shell
	releases *hostscripttest.Releases
	dir      string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, host: hostscripttest.NewShell(t, "h"), releases: hostscripttest.NewReleases(t), dir: filepath.Join(t.TempDir(), "bin")}
	kubens := hostscripttest.Archive(t, "LICENSE", "free", "kubens", "#!/bin/sh\necho kubens\n")
	sum := w.releases.Put("/kubens/v0.11.0/kubens_v0.11.0_linux_x86_64.tar.gz", kubens)
	w.releases.Put("/kubens/v0.11.0/checksums.txt", strings.Repeat("0", 64)+"  other.tar.gz\n"+sum+"  kubens_v0.11.0_linux_x86_64.tar.gz\n")
	sum = w.releases.Put("/calico/v3.32.1/calicoctl-linux-amd64", "calicoctl 3.32.1")
	w.releases.Put("/calico/v3.32.1/SHA256SUMS", sum+"  ./bin/calicoctl-linux-amd64\n")
	sum = w.releases.Put("/helm/helm-v3.22.0-linux-amd64.tar.gz", hostscripttest.Archive(t, "linux-amd64/README.md", "x", "linux-amd64/helm", "helm 3.22.0"))
	w.releases.Put("/helm/helm-v3.22.0-linux-amd64.tar.gz.sha256sum", sum+"  helm-v3.22.0-linux-amd64.tar.gz\n")
	sum = w.releases.Put("/kubectl/v1.35.7/kubectl", "kubectl 1.35.7")
	w.releases.Put("/kubectl/v1.35.7/kubectl.sha256", sum)
	return w
}

func (w *world) spec() nodetools.Spec {
	return nodetools.Spec{BinDir: w.dir, Tools: map[string]nodetools.Tool{
		nodetools.Kubens:    {Version: "v0.11.0", URL: w.releases.URL + "/kubens/{version}/"},
		nodetools.Calicoctl: {Version: "v3.32.1", URL: w.releases.URL + "/calico/{version}/calicoctl-linux-{arch}"},
		nodetools.Helm:      {Version: "v3.22.0", URL: w.releases.URL + "/helm/"},
		nodetools.Kubectl:   {Version: "v1.35.7", URL: w.releases.URL + "/kubectl/{version}/"},
	}}
}

func (w *world) only(name string) nodetools.Spec {
	s := w.spec()
	s.Tools = map[string]nodetools.Tool{name: s.Tools[name]}
	return s
}

func (w *world) install(s nodetools.Spec, have nodetools.State) nodetools.State {
	w.t.Helper()
	state, err := nodetools.Install(w.t.Context(), w.host, s, nodetools.Options{Have: have})
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

func (w *world) drift(s nodetools.Spec, have nodetools.State, want ...string) {
	w.t.Helper()
	got, err := nodetools.Read(w.t.Context(), w.host, s, have)
	if err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Error(diff)
	}
}

// files are the names and contents of the folder of tools.
func (w *world) files() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(w.dir)
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(w.dir, e.Name()))
		if err != nil {
			raw = []byte(err.Error())
		}
		out[e.Name()] = string(raw)
	}
	return out
}

func (w *world) write(name, content string) {
	w.t.Helper()
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o755); err != nil {
		w.t.Fatal(err)
	}
}

func TestInstall_PutsEveryToolIntoPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spec()
	state := w.install(s, nodetools.State{})
	want := map[string]string{
		"kubens": "#!/bin/sh\necho kubens\n", "calicoctl": "calicoctl 3.32.1", "helm": "helm 3.22.0", "kubectl": "kubectl 1.35.7",
	}
	if diff := cmp.Diff(want, w.files()); diff != "" {
		t.Error(diff)
	}
	got := state.Tools["helm"]
	if got.Binary != hostscripttest.Sum("helm 3.22.0") || got.URL != w.releases.URL+"/helm/helm-v3.22.0-linux-amd64.tar.gz" || got.Version != "v3.22.0" {
		t.Errorf("helm is %+v", got)
	}
	if out, err := exec.CommandContext(t.Context(), w.dir+"/kubens").Output(); err != nil || string(out) != "kubens\n" {
		t.Errorf("%q %v", out, err)
	}
	w.drift(s, state)
	if len(w.releases.Requests()) != 8 {
		t.Error("not each tool was asked for once, with its sum")
	}
	if again := w.install(s, state); cmp.Diff(state, again) != "" || len(w.releases.Requests()) > 0 {
		t.Error("a second time fetches again")
	}
	kept, err := nodetools.Remove(t.Context(), w.host, state)
	if err != nil || len(kept)+len(w.files()) > 0 {
		t.Errorf("left: %v %v %v", kept, w.files(), err)
	}
}

// What cannot be verified is not installed, and neither is anything beside it.
func TestInstall_RefusesWhatIsNotVerified(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(w *world, s *nodetools.Spec)
		kind   fault.Kind
		says   []string
	}{
		"wrong sum of the release": {
			func(w *world, _ *nodetools.Spec) { w.releases.Put("/kubectl/v1.35.7/kubectl", "evil") },
			fault.Integrity,
			[]string{"kubectl v1.35.7 on h", "is " + hostscripttest.Sum("evil"), "promises " + hostscripttest.Sum("kubectl 1.35.7"), "nothing was installed"},
		},
		"wrong sum of the user": {
			func(_ *world, s *nodetools.Spec) {
				tool := s.Tools[nodetools.Kubectl]
				tool.SHA256 = strings.Repeat("A", 64)
				s.Tools[nodetools.Kubectl] = tool
			}, fault.Integrity, []string{"sha256 says " + strings.Repeat("a", 64)},
		},
		"sum of another file": {
			func(w *world, _ *nodetools.Spec) {
				w.releases.Put("/kubens/v0.11.0/checksums.txt", strings.Repeat("0", 64)+"  kubens_v0.11.0_linux_arm64.tar.gz\n")
			}, fault.Integrity, []string{"promises no sum for kubens_v0.11.0_linux_x86_64.tar.gz", "give it as sha256"},
		},
		"no such version": {
			func(_ *world, s *nodetools.Spec) {
				tool := s.Tools[nodetools.Kubens]
				tool.Version = "v9.9.9"
				s.Tools[nodetools.Kubens] = tool
			}, fault.NotFound, []string{"HTTP status 404", "Check the version"},
		},
		"archive without the tool": {
			func(w *world, _ *nodetools.Spec) {
				sum := w.releases.Put("/kubens/v0.11.0/kubens_v0.11.0_linux_x86_64.tar.gz", hostscripttest.Archive(t, "kubectx", "x"))
				w.releases.Put("/kubens/v0.11.0/checksums.txt", sum+"  kubens_v0.11.0_linux_x86_64.tar.gz\n")
			}, fault.Invalid, []string{"has no file kubens"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.spec()
			c.change(w, &s)
			_, err := nodetools.Install(t.Context(), w.host, s, nodetools.Options{})
			if !fault.Is(err, c.kind) {
				t.Fatalf("got %v", err)
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q is missing in %v", text, err)
				}
			}
			if files := w.files(); len(files) > 0 {
				t.Errorf("the machine has %v", files)
			}
			if w.host.Locked("node-tools") {
				t.Error("the lock is still held")
			}
		})
	}
}

func TestInstall_HealsWhatWasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spec()
	state := w.install(s, nodetools.State{})
	w.write("helm", "another")
	if err := os.Remove(w.dir + "/kubens"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(w.dir+"/kubectl", 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(w.dir + "/calicoctl"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nowhere", w.dir+"/calicoctl"); err != nil {
		t.Fatal(err)
	}
	w.drift(s, state,
		"calicoctl: want "+w.dir+"/calicoctl with sha256 "+hostscripttest.Sum("calicoctl 3.32.1")+", it is a link to /nowhere",
		"helm: want "+w.dir+"/helm with sha256 "+hostscripttest.Sum("helm 3.22.0")+", it is a file with sha256 "+hostscripttest.Sum("another"),
		"kubectl: want "+w.dir+"/kubectl with mode 0755, it has 0644",
		"kubens: want "+w.dir+"/kubens, the host has none",
	)
	state = w.install(s, state)
	w.drift(s, state)
}

// A release whose files change under the same name is refused, although its own sums agree with it.
func TestInstall_RefusesAReleaseThatWasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.only(nodetools.Kubectl)
	state := w.install(s, nodetools.State{})
	w.releases.Put("/kubectl/v1.35.7/kubectl.sha256", w.releases.Put("/kubectl/v1.35.7/kubectl", "evil"))
	w.write("kubectl", "broken")
	_, err := nodetools.Install(t.Context(), w.host, s, nodetools.Options{Have: state})
	if !fault.Is(err, fault.Integrity) || !strings.Contains(err.Error(), "it was "+hostscripttest.Sum("kubectl 1.35.7")+" when it was first installed") {
		t.Errorf("got %v", err)
	}
	tool := s.Tools[nodetools.Kubectl]
	tool.SHA256 = hostscripttest.Sum("evil")
	s.Tools[nodetools.Kubectl] = tool
	if state = w.install(s, state); w.files()["kubectl"] != "evil" || state.Tools["kubectl"].SHA256 != tool.SHA256 {
		t.Errorf("got %v", w.files())
	}
}

func TestInstall_LeavesForeignFilesAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("kubectl", "mine")
	s := w.only(nodetools.Kubectl)
	_, err := nodetools.Install(t.Context(), w.host, s, nodetools.Options{})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), w.dir+"/kubectl") || w.files()["kubectl"] != "mine" {
		t.Fatalf("got %v", err)
	}
	state, err := nodetools.Install(t.Context(), w.host, s, nodetools.Options{Adopt: true})
	if err != nil || w.files()["kubectl"] != "kubectl 1.35.7" {
		t.Fatal(err, w.files())
	}
	w.write("kubectl", "mine again")
	kept, err := nodetools.Remove(t.Context(), w.host, state)
	if err != nil || len(kept) != 1 || w.files()["kubectl"] != "mine again" {
		t.Errorf("kept %v, %v", kept, err)
	}
}

func TestInstall_LinksKubectl(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("rke2-kubectl", "x")
	link := w.dir + "/rke2-kubectl"
	s := nodetools.Spec{BinDir: w.dir, Tools: map[string]nodetools.Tool{nodetools.Kubectl: {Link: link}}}
	state := w.install(s, nodetools.State{})
	if to, err := os.Readlink(w.dir + "/kubectl"); err != nil || to != link {
		t.Errorf("%s %v", to, err)
	}
	w.drift(s, state)
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	w.drift(s, state, "kubectl: "+w.dir+"/kubectl leads to "+link+", which is not there")
	program := w.only(nodetools.Kubectl)
	if state = w.install(program, state); w.files()["kubectl"] != "kubectl 1.35.7" {
		t.Errorf("got %v", w.files())
	}
	state = w.install(s, state)
	if kept, err := nodetools.Remove(t.Context(), w.host, state); err != nil || len(kept) > 0 {
		t.Error(kept, err)
	}
	if _, err := os.Lstat(w.dir + "/kubectl"); err == nil {
		t.Error("the link is still there")
	}
}

func TestInstall_TakesAwayWhatIsNotWantedAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	state := w.install(w.spec(), nodetools.State{})
	state = w.install(w.only(nodetools.Helm), state)
	if diff := cmp.Diff(map[string]string{"helm": "helm 3.22.0"}, w.files()); diff != "" || len(state.Tools) != 1 {
		t.Error(diff, state)
	}
}

func TestInstall_KnowsNoOtherMachines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.Path = t.TempDir()
	if err := os.WriteFile(w.host.Path+"/uname", []byte("#!/bin/sh\necho riscv64\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := nodetools.Install(t.Context(), w.host, w.spec(), nodetools.Options{})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "riscv64") {
		t.Errorf("got %v", err)
	}
}

func TestSpec_Validate(t *testing.T) {
	t.Parallel()
	one := func(t nodetools.Tool) map[string]nodetools.Tool { return map[string]nodetools.Tool{"kubectl": t} }
	for says, s := range map[string]nodetools.Spec{
		"bin_dir":            {BinDir: "bin", Tools: one(nodetools.Tool{Link: "/x"})},
		"no tool is wanted":  {BinDir: "/bin"},
		"no tool \"k9s\"":    {BinDir: "/bin", Tools: map[string]nodetools.Tool{"k9s": {}}},
		"is no version":      {BinDir: "/bin", Tools: one(nodetools.Tool{Version: "1.2.3"})},
		"either a link":      {BinDir: "/bin", Tools: one(nodetools.Tool{Version: "v1.2.3", Link: "/x"})},
		"sha256 is no sum":   {BinDir: "/bin", Tools: one(nodetools.Tool{Version: "v1.2.3", SHA256: "abc"})},
		"kubeconfig_path":    {BinDir: "/bin", Tools: one(nodetools.Tool{Link: "/x"}), Kubeconfig: "/a b"},
		"link \"$(reboot)\"": {BinDir: "/bin", Tools: one(nodetools.Tool{Link: "$(reboot)"})},
	} {
		if err := s.Validate(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", says, err)
		}
	}
}
