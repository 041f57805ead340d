package k3d_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript/hostscripttest"
	"github.com/dxlab/terraform-provider-lab/internal/k3d"
)

var update = flag.Bool("update", false, "write the golden files")

func small() k3d.Cluster {
	return k3d.Cluster{Name: "lab", Servers: 1, Image: "rancher/k3s:v1.35.7-k3s1", APIPort: 6550, Tool: download.Wanted{Release: k3d.Release, Version: "v5.9.0"}}
}

func large() k3d.Cluster {
	c := small()
	c.Servers, c.Agents, c.Network, c.Subnet, c.APIPort = 3, 2, "lab-net", "172.28.0.0/16", 6443
	c.Ports = []k3d.Port{{Port: "8080:80", NodeFilters: []string{"loadbalancer"}}, {Port: "127.0.0.1:8443:443/tcp"}}
	c.ExtraArgs = []k3d.Arg{{Arg: "--kubelet-arg=max-pods=200", NodeFilters: []string{"server:*", "agent:0,1"}}}
	c.ServiceLB = true
	return c
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]k3d.Cluster{"small": small(), "large": large()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.Config()
			if err != nil || c.Validate() != nil {
				t.Fatal(err, c.Validate())
			}
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*k3d.Cluster){
		"no name for a k3d cluster": func(c *k3d.Cluster) { c.Name = strings.Repeat("a", 33) },
		"at least one server":       func(c *k3d.Cluster) { c.Servers = 0 },
		"-1 agents":                 func(c *k3d.Cluster) { c.Agents = -1 },
		"70000 is no port":          func(c *k3d.Cluster) { c.APIPort = 70000 },
		"name of a Docker network":  func(c *k3d.Cluster) { c.Network = "a b" },
		"no network in CIDR":        func(c *k3d.Cluster) { c.Subnet = "172.28.0.1/16" },
		"is no mapping":             func(c *k3d.Cluster) { c.Ports = []k3d.Port{{Port: "http"}} },
		"is no node filter":         func(c *k3d.Cluster) { c.Ports = []k3d.Port{{Port: "80", NodeFilters: []string{"node"}}} },
		"does not begin with --":    func(c *k3d.Cluster) { c.ExtraArgs = []k3d.Arg{{Arg: "disable"}} },
	} {
		c := small()
		change(&c)
		if err := c.Validate(); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", says, err)
		}
	}
}

func seen(clusters string) hostscripttest.Told {
	return hostscripttest.Told{}.Say("machine", "x86_64").Say("kubeconfig", "600 0").Say("k3d", "/usr/local/bin/k3d").
		Say("version", "v5.9.0").Say("docker", "ok").Say("subnet", "172.18.0.0/16").Blob("clusters", clusters)
}

const (
	none    = "[]"
	running = `[{"name":"other","serversCount":1},{"name":"lab","nodes":[{"role":"server","image":"rancher/k3s:x"}],"serversCount":1,"serversRunning":1,"agentsCount":0,"agentsRunning":0}]`
	stopped = `[{"name":"lab","serversCount":1,"serversRunning":0}]`
)

// scripted is a host whose looks are told one after the other, and on which everything else works.
func scripted(t *testing.T, looks ...hostscripttest.Told) *hosttest.Fake {
	t.Helper()
	h := hosttest.NewFake(t, "h")
	answers := make([]hosttest.Answer, 0, len(looks))
	for _, l := range looks {
		answers = append(answers, l.Answer())
	}
	h.On(hosttest.Named("look at k3d"), answers...)
	for _, name := range []string{"make cluster lab", "start cluster lab", "write the kubeconfig of lab", "delete cluster lab", "make a working directory", "put k3d into place"} {
		h.On(hosttest.Named(name), hostscripttest.Told{}.Answer())
	}
	sum := strings.Repeat("a", 64)
	h.On(hosttest.Matching("SHOW"), hostscripttest.Told{}.Say("exit", "0").Blob("content", sum+"  _dist/k3d-linux-amd64\n").Answer())
	h.On(hosttest.Named("check k3d v5.9.0"), hostscripttest.Told{}.Say("verdict", "ok").Say("sum", sum).Say("binary", sum).Answer())
	return h
}

func transcript(t *testing.T, h *hosttest.Fake, want ...string) {
	t.Helper()
	if diff := cmp.Diff(strings.Join(want, "\n"), strings.TrimSpace(h.Transcript())); diff != "" {
		t.Error(diff)
	}
}

func TestCreate_MakesACluster(t *testing.T) {
	t.Parallel()
	h := scripted(t, seen(none), seen(running))
	out, err := k3d.Create(t.Context(), h, small(), k3d.Options{})
	if err != nil {
		t.Fatal(err)
	}
	transcript(t, h,
		"lock k3d", "run (look at k3d)", "write /var/lib/terraform-provider-lab/k3d/lab/config.yaml", "run (make cluster lab)",
		"run (write the kubeconfig of lab)", "run (look at k3d)", "unlock k3d")
	if !out.Touched || out.Tool != "" || !out.Observed.Found || out.Observed.Subnet != "172.18.0.0/16" || out.Observed.Clusters != 2 {
		t.Errorf("got %+v", out)
	}
	if file, _ := h.File("/var/lib/terraform-provider-lab/k3d/lab/config.yaml"); file.Mode != 0o600 {
		t.Errorf("mode %o", file.Mode)
	}
}

func TestCreate_InstallsK3dWhereThereIsNone(t *testing.T) {
	t.Parallel()
	bare := hostscripttest.Told{}.Say("machine", "x86_64").Say("docker", "ok").Say("kubeconfig", "absent")
	sum := strings.Repeat("a", 64)
	h := scripted(t, bare, seen(none).Say("ours", sum), seen(running))
	out, err := k3d.Create(t.Context(), h, small(), k3d.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if out.Tool != sum {
		t.Errorf("got %+v", out)
	}
	transcript(t, h,
		"lock k3d", "run (look at k3d)", "run (make a working directory)", "run (fetch k3d v5.9.0)", "run (fetch k3d v5.9.0)", "run (check k3d v5.9.0)",
		"run (put k3d into place)", "run (look at k3d)", "write /var/lib/terraform-provider-lab/k3d/lab/config.yaml", "run (make cluster lab)",
		"run (write the kubeconfig of lab)", "run (look at k3d)", "unlock k3d")
}

func TestCreate_Refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		look hostscripttest.Told
		kind fault.Kind
		says string
	}{
		"no Docker":    {hostscripttest.Told{}.Say("docker", "missing"), fault.Invalid, "host h has no Docker"},
		"Docker down":  {hostscripttest.Told{}.Say("docker", "down").Say("error", "Cannot connect to the Docker daemon"), fault.Unreachable, "systemctl start docker"},
		"is there":     {seen(running), fault.Conflict, "has a k3d cluster lab already"},
		"old k3d":      {seen(none).Say("version", "v5.4.7"), fault.Invalid, "needs v5.5.0 or newer"},
		"k3d refuses":  {seen("").Say("error", "permission denied"), fault.Command, "permission denied"},
		"other answer": {seen("{"), fault.Unknown, "list of k3d's clusters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := scripted(t, c.look)
			out, err := k3d.Create(t.Context(), h, small(), k3d.Options{})
			if fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || out.Touched || h.Locked("k3d") {
				t.Errorf("got %+v, %v", out, err)
			}
		})
	}
}

func TestCreate_SaysWhatK3dSays(t *testing.T) {
	t.Parallel()
	h := scripted(t, seen(none))
	h.On(hosttest.Named("make cluster lab"), hostscripttest.Told{}.Blob("error", "FATA[0003] port is already allocated\n").Answer())
	out, err := k3d.Create(t.Context(), h, small(), k3d.Options{})
	if !fault.Is(err, fault.Command) || !strings.Contains(err.Error(), "port is already allocated") || !out.Touched {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestCreate_AdoptsAndStarts(t *testing.T) {
	t.Parallel()
	h := scripted(t, seen(stopped), seen(running))
	if _, err := k3d.Create(t.Context(), h, small(), k3d.Options{Adopt: true}); err != nil {
		t.Fatal(err)
	}
	transcript(t, h, "lock k3d", "run (look at k3d)", "run (start cluster lab)", "run (write the kubeconfig of lab)", "run (look at k3d)", "unlock k3d")
}

func TestRead_TellsDrift(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		look     hostscripttest.Told
		drift    []string
		reshaped []string
	}{
		"running": {look: seen(running)},
		"stopped": {look: seen(stopped), drift: []string{"servers: want 1 running, the host runs 0"}},
		"kubeconfig gone": {look: seen(running).Say("kubeconfig", "absent"), drift: []string{
			"kubeconfig: want /var/lib/terraform-provider-lab/k3d/lab/kubeconfig.yaml, the host has none",
		}},
		"kubeconfig open": {look: seen(running).Say("kubeconfig", "644 0"), drift: []string{"kubeconfig: want mode 0600 of root, it has 0644 of user 0"}},
		"agents": {
			look:     seen(`[{"name":"lab","serversCount":1,"serversRunning":1,"agentsCount":2,"agentsRunning":1}]`),
			drift:    []string{"agents: want 2 running, the host runs 1"},
			reshaped: []string{"agents: want 0, the cluster has 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := k3d.Read(t.Context(), scripted(t, c.look), small())
			if err != nil || !o.Found {
				t.Fatal(o, err)
			}
			if diff := cmp.Diff(c.drift, o.Drift(small())); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.reshaped, o.Reshaped(small())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Where Docker or k3d cannot be asked, nobody knows that a cluster is gone.
func TestRead_DoesNotTakeSilenceForAnAnswer(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]hostscripttest.Told{
		"no Docker": hostscripttest.Told{}.Say("docker", "missing"), "Docker down": hostscripttest.Told{}.Say("docker", "down"),
		"no k3d": hostscripttest.Told{}.Say("docker", "ok"), "k3d refuses": seen("").Say("error", "no"),
	} {
		if _, err := k3d.Read(t.Context(), scripted(t, look), small()); !fault.Is(err, fault.Unreachable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	o, err := k3d.Read(t.Context(), scripted(t, seen(none)), small())
	if err != nil || o.Found {
		t.Errorf("got %+v %v", o, err)
	}
}

func TestStart_OfWhatIsGone(t *testing.T) {
	t.Parallel()
	if _, err := k3d.Start(t.Context(), scripted(t, seen(none)), small(), k3d.Options{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		look  hostscripttest.Told
		found string
		other string
	}{
		"running with another": {seen(running), "yes", "yes"},
		"stopped":              {seen(stopped), "yes", ""},
		"gone":                 {seen(none), "", ""},
		"without Docker":       {hostscripttest.Told{}.Say("docker", "missing"), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := scripted(t, c.look)
			if err := k3d.Delete(t.Context(), h, small(), k3d.Options{}); err != nil {
				t.Fatal(err)
			}
			for _, call := range h.Calls() {
				if env := call.Command.Env; call.Command.Name == "delete cluster lab" && (env["FOUND"] != c.found || env["OTHERS"] != c.other) {
					t.Errorf("got %v", env)
				}
			}
		})
	}
}

func TestFind_ReadsWhatTheClusterWasMadeOf(t *testing.T) {
	t.Parallel()
	want := large()
	config, err := want.Config()
	if err != nil {
		t.Fatal(err)
	}
	h := scripted(t, seen(`[{"name":"lab","serversCount":3,"serversRunning":3,"agentsCount":2,"agentsRunning":2}]`))
	h.SetFile("/var/lib/terraform-provider-lab/k3d/lab/config.yaml", hosttest.File{Content: config})
	got, _, err := k3d.Find(t.Context(), h, "lab")
	want.Tool = download.Wanted{}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, _, err = k3d.Find(t.Context(), scripted(t, seen(running)), "lab")
	if err != nil || got.Image != "rancher/k3s:x" || got.Servers != 1 {
		t.Errorf("by hand: %+v %v", got, err)
	}
	if _, _, err = k3d.Find(t.Context(), scripted(t, seen(none)), "lab"); !fault.Is(err, fault.NotFound) {
		t.Errorf("none: %v", err)
	}
}
