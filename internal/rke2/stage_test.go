package rke2

import (
	"os"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestInstall_UploadsADirectoryFromHere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sums := ""
	for name, content := range map[string]string{
		"rke2.linux-amd64.tar.gz": "release", "rke2-images.linux-amd64.tar.zst": "images", "rke2-images.linux-amd64.tar.gz": "images again",
		"rke2-images-calico.linux-amd64.tar.gz": "calico",
	} {
		sums += hashOf([]byte(content)) + "  " + name + "\n"
		writeFile(t, dir+"/"+name, content, 0o644)
	}
	sums += testSum + "  rke2-images-cilium.linux-amd64.tar.zst\n"
	writeFile(t, dir+"/sha256sum-amd64.txt", sums, 0o644)

	n := Node{Role: Server, Source: Source{LocalPath: dir}}
	h := scripted(t, n, bare(), running(t, n, testVersion))
	h.On(hosttest.Named("look for the images"), told{}.Say("missing", "rke2-images-calico.linux-amd64.tar.gz").Answer())
	h.On(hosttest.Named("copy rke2-images-calico.linux-amd64.tar.gz"), told{}.Answer())
	out, err := Install(t.Context(), h, n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	expectTranscript(t, h, "install-from-here")
	if out.Version != testVersion {
		t.Errorf("version %s", out.Version)
	}
	for _, call := range h.Calls() {
		if call.Command.Name == "look for the images" {
			if got := call.Command.Env["ARCHIVES"]; strings.Contains(got, "images.linux-amd64.tar.gz") || strings.Contains(got, "cilium") || strings.Count(got, "\n") != 2 {
				t.Errorf("looks for:\n%s", got)
			}
		}
	}
	if err := os.WriteFile(dir+"/rke2.linux-amd64.tar.gz", []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Install(t.Context(), scripted(t, n, bare()), n, Options{})
	expectFault(t, err, fault.Integrity, "")
	if err := os.Remove(dir + "/sha256sum-amd64.txt"); err != nil {
		t.Fatal(err)
	}
	_, err = Install(t.Context(), scripted(t, n, bare()), n, Options{})
	expectFault(t, err, fault.NotFound, "fetch sha256sum-amd64.txt on 10.0.0.1: open "+dir)
}

func TestInstall_SaysWhatIsWrongWithARelease(t *testing.T) {
	t.Parallel()
	n := Node{Role: Server, Version: testVersion}
	const unpack = "unpack rke2.linux-amd64.tar.gz"
	for name, c := range map[string]struct {
		step   string
		answer told
		kind   fault.Kind
		says   string
	}{
		"no line for it":     {"fetch sha256sum-amd64.txt", told{}.Say("exit", "0").Blob("content", "x"), fault.Integrity, "sha256sum-amd64.txt promises no sum for it"},
		"no room to unpack":  {unpack, told{}.Say("verdict", "space").Say("need_kib", "204800").Say("free_kib", "10240"), fault.NoSpace, "it needs 201 MiB and /usr/local has 10 MiB free"},
		"disk full meantime": {unpack, told{}.Say("verdict", "unpack").Say("error", "tar: bin/rke2: No space left on device"), fault.NoSpace, "No space left"},
		"broken archive":     {unpack, told{}.Say("verdict", "unpack").Say("error", "gzip: stdin: invalid compressed data"), fault.Command, "invalid compressed data"},
		"something else":     {unpack, told{}.Say("verdict", "layout").Say("absent", "bin/rke2"), fault.Invalid, "it has no bin/rke2"},
		"another version":    {unpack, told{}.Say("verdict", "ok").Say("version", "v1.35.6+rke2r1"), fault.Integrity, "the program in it is v1.35.6+rke2r1, not v1.35.7+rke2r1"},
		"does not run":       {unpack, told{}.Say("verdict", "ok").Say("error", "Exec format error"), fault.Invalid, "does not tell its version: Exec format error"},
		"disk full to fetch": {"fetch rke2.linux-amd64.tar.gz", told{}.Say("exit", "23").Say("tool", "curl").Say("error", "curl: (23) write failed").Say("free_kib", "0"), fault.NoSpace, "no space left in /usr/local"},
		"login is needed":    {"fetch rke2.linux-amd64.tar.gz", told{}.Say("exit", "22").Say("tool", "curl").Say("status", "403"), fault.Denied, "answers with HTTP status 403"},
		"bad certificate":    {"fetch rke2.linux-amd64.tar.gz", told{}.Say("exit", "60").Say("tool", "curl").Say("error", "curl: (60) SSL certificate problem"), fault.Command, "curl ended with 60: curl: (60) SSL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := scripted(t, n, bare())
			h.On(hosttest.Named(c.step), c.answer.Answer())
			out, err := Install(t.Context(), h, n, Options{})
			expectFault(t, err, c.kind, "", c.says, " on 10.0.0.1: ")
			if out.Touched || len(h.Files()) > 0 {
				t.Errorf("touched: %v", h.Files())
			}
		})
	}
}

func TestInstall_NamesTheReleasesThatExist(t *testing.T) {
	t.Parallel()
	n := Node{Role: Server, Version: "v1.35.99+rke2r1"}
	h := scripted(t, n, bare())
	h.On(hosttest.Named("fetch sha256sum-amd64.txt"), told{}.Say("exit", "22").Say("status", "404").Answer())
	h.On(hosttest.Named("list the channels"), told{}.Blob("content", `{"data":[{"name":"v1.35","latest":"v1.35.7+rke2r1"}]}`).Answer())
	_, err := Install(t.Context(), h, n, Options{})
	expectFault(t, err, fault.NotFound, "fetch sha256sum-amd64.txt on 10.0.0.1: ", "RKE2 v1.35.99+rke2r1 does not exist there; there are: v1.35 (v1.35.7+rke2r1)")
}

func TestInstall_TriesADownloadAgain(t *testing.T) {
	t.Parallel()
	n := agent()
	h := scripted(t, n, bare(), running(t, n, testVersion))
	h.On(hosttest.Named("fetch rke2.linux-amd64.tar.gz"), told{}.Say("exit", "18").Say("tool", "curl").Answer(), told{}.Say("exit", "0").Answer())
	if _, err := Install(t.Context(), h, n, Options{}); err != nil {
		t.Fatal(err)
	}
	if tries := strings.Count(h.Transcript(), "run (fetch rke2.linux-amd64.tar.gz)"); tries != 2 {
		t.Errorf("%d tries", tries)
	}
}

func TestInstall_DiskFullWhilePlacing(t *testing.T) {
	t.Parallel()
	n := agent()
	h := scripted(t, n, bare())
	h.On(hosttest.Named("put the release into place"), hosttest.Answer{Code: 1, Stderr: "cp: error writing '/etc/x': No space left on device"})
	out, err := Install(t.Context(), h, n, Options{})
	expectFault(t, err, fault.NoSpace, "put the release into place on 10.0.0.1: cp: error writing")
	if !out.Touched || out.Placed {
		t.Errorf("outcome: %+v", out)
	}
}
