package rke2

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestRead_IsOneRoundTrip(t *testing.T) {
	t.Parallel()
	n := firstServer()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), running(t, n, testVersion).Answer())
	o, err := Read(t.Context(), h, n)
	if err != nil {
		t.Fatal(err)
	}
	if got := h.Transcript(); got != "run (read RKE2)\n" {
		t.Errorf("got:\n%s", got)
	}
	if !o.Installed || !o.ByUs || !o.Complete || !o.Running() || o.Role != Server || o.Version != testVersion || len(o.Drift()) > 0 {
		t.Errorf("observed: %+v", o)
	}
	if got := o.String(); got != "RKE2 v1.35.7+rke2r1 server (active, enabled) below /usr/local" {
		t.Errorf("in words: %s", got)
	}
}

func TestRead_BareMachineIsNoError(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), bare().Answer())
	o, err := Read(t.Context(), h, firstServer())
	if err != nil || o.Installed || o.HasData || len(o.Differences) > 0 || o.String() != "no RKE2" {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestRead_BelievesOnlyAWholeAnswer(t *testing.T) {
	t.Parallel()
	for name, output := range map[string]string{
		"another command": "Welcome to the jump host\n",
		"cut off":         "@terraform-provider-lab begin\ns hostname cp1\n",
		"broken entry":    "@terraform-provider-lab begin\nb file %%%\n@terraform-provider-lab end",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hosttest.NewFake(t, "10.0.0.1")
			h.On(hosttest.Named("read RKE2"), hosttest.Answer{Stdout: output})
			_, err := Read(t.Context(), h, firstServer())
			if err == nil || fault.Is(err, fault.NotFound) || !strings.HasPrefix(err.Error(), "read RKE2 on 10.0.0.1: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRead_NeverRepeatsWhatAFailedScriptSaid(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), hosttest.Answer{Stdout: "b file Y2FuYXJ5", Stderr: "K10" + strings.Repeat("0", 64) + "::server:canary: killed", Code: 137})
	_, err := Read(t.Context(), h, firstServer())
	expectFault(t, err, fault.Command, "read RKE2 on 10.0.0.1: exit status 137: [redacted]")
	if strings.Contains(err.Error(), "Y2FuYXJ5") || strings.Contains(err.Error(), "canary") {
		t.Errorf("shown: %v", err)
	}
}

func TestRead_SaysDriftInWords(t *testing.T) {
	t.Parallel()
	n := Node{
		Role: Server, Version: testVersion, CNI: []string{"calico"}, Config: map[string]any{"etcd-s3-secret-key": "canary", "profile": "cis"},
		Registries: &Registries{Mirrors: map[string]Mirror{"docker.io": {Endpoints: []string{"https://m"}}}},
	}
	found := bare().Say("prefix", defaultPrefix).Say("version", "v1.35.6+rke2r1").Say("data", "server").
		Say("exe.server", "/usr/local/bin/rke2 (deleted)").Blob("unit.server", unit("active", "running", "disabled"))
	found = withFile(found, markerFile, "600", `{"complete":true}`)
	found = withFile(found, dropInFile, "644", "cni: [canal]\netcd-s3-secret-key: leaked\nextra: 1\n")
	found = withFile(found, registriesFile, "600", "mirrors:\n  docker.io:\n    endpoint: [https://other]\nconfigs:\n  m:\n    auth: {password: leaked}\n")
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), found.Answer())
	o, err := Read(t.Context(), h, n)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"version: want v1.35.7+rke2r1, host has v1.35.6+rke2r1",
		`config cni: want ["calico"], host has ["canal"]`,
		"config etcd-s3-secret-key: differs",
		"config extra: want nothing, host has 1",
		`config profile: want "cis", host has nothing`,
		"config mode: want 600 root:root, host has 644 root:root",
		`registries mirrors.docker.io.endpoint: want ["https://m"], host has ["https://other"]`,
		"rke2-server.service enablement: want enabled, host has disabled",
		"rke2-server.service process: want the installed program, host has one that was replaced on disk: a restart is due",
	}
	if diff := cmp.Diff(want, o.Drift()); diff != "" {
		t.Errorf("want(-) got(+):\n%s", diff)
	}
}

func TestRead_SeesEditedCredentials(t *testing.T) {
	t.Parallel()
	n := firstServer()
	known := n
	known.Registries = &Registries{}
	edited := withFile(running(t, n, testVersion), registriesFile, "600", "configs:\n  m:\n    auth: {password: other}\n")
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), running(t, n, testVersion).Answer(), edited.Answer())
	o, err := Read(t.Context(), h, known)
	if err != nil || len(o.Drift()) > 0 {
		t.Errorf("as written: %v, %v", o.Drift(), err)
	}
	o, err = Read(t.Context(), h, known)
	if err != nil || len(o.Drift()) == 0 || o.Drift()[0] != "registries configs auth: differs" {
		t.Errorf("edited: %v, %v", o.Drift(), err)
	}
}

func TestRead_MissingFiles(t *testing.T) {
	t.Parallel()
	n := agent()
	n.Registries = &Registries{}
	found := bare().Say("prefix", defaultPrefix).Say("version", testVersion).Say("data", "agent").Blob("unit.agent", unit("inactive", "dead", "enabled"))
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), found.Answer(), withFile(found, dropInFile, "600", "x: [").Answer())
	for _, want := range []string{"config: want a file " + dropInFile + ", host has none", "config: want a YAML mapping, host has something that cannot be read as one"} {
		o, err := Read(t.Context(), h, n)
		if err != nil {
			t.Fatal(err)
		}
		if drift := strings.Join(o.Drift(), "\n"); !strings.HasPrefix(drift, want) || !strings.Contains(drift, "registries: want a file") ||
			!strings.HasSuffix(drift, "rke2-agent.service: want active, host has inactive (dead)") {
			t.Errorf("got:\n%s", drift)
		}
	}
}

func TestRead_FindsNameAddressAndRole(t *testing.T) {
	t.Parallel()
	last := withFile(bare(), configFile, "644", "node-name: a\n")
	last = withFile(last, dropInFile, "600", "node-name: b\n")
	last = withFile(last, configDir+"/config.yaml.d/99.yaml", "600", "node-name: c\nnode-ip: [10.2.0.1]\n")
	for name, c := range map[string]struct {
		found         told
		node, address string
		role          Role
	}{
		"by the machine":         {bare(), "cp1", "10.0.0.7", ""},
		"by config.yaml":         {withFile(bare(), configFile, "644", "node-name: Boss\nnode-ip: 10.1.0.1,fd00::1\n"), "Boss", "10.1.0.1", ""},
		"the last file wins":     {last, "c", "10.2.0.1", ""},
		"with the node's id":     {withFile(bare().Say("node_id", "0a1b2c3d"), configFile, "644", "with-node-id: true\n"), "cp1-0a1b2c3d", "10.0.0.7", ""},
		"running beats enabled":  {bare().Blob("unit.server", unit("inactive", "dead", "enabled")).Blob("unit.agent", unit("active", "running", "disabled")), "cp1", "10.0.0.7", Agent},
		"enabled beats data":     {bare().Blob("unit.server", unit("inactive", "dead", "enabled")).Say("data", "agent"), "cp1", "10.0.0.7", Server},
		"data when nothing else": {bare().Blob("unit.server", unit("inactive", "dead", "disabled")).Say("data", "agent"), "cp1", "10.0.0.7", Agent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := observe(c.found.Read(t), Server)
			if err != nil {
				t.Fatal(err)
			}
			if o.NodeName != c.node || o.Address != c.address || o.Role != c.role {
				t.Errorf("got %s at %s as %q", o.NodeName, o.Address, o.Role)
			}
		})
	}
}
