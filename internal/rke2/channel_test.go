package rke2

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestResolveVersion(t *testing.T) {
	t.Parallel()
	const list = `{"data":[{"name":"stable","latest":"v1.35.7+rke2r1"},{"name":"testing"},{"id":"x"}]}`
	for name, c := range map[string]struct {
		node   Node
		answer told
		want   string
		kind   fault.Kind
		says   string
	}{
		"a version needs no look":  {node: Node{Version: "1.35.7+rke2r1"}, want: testVersion},
		"nor does a directory":     {node: Node{Source: Source{LocalPath: "x"}}},
		"channel":                  {node: Node{}, answer: told{}.Say("status", "302").Say("version", "v1.35.7%2Brke2r1"), want: testVersion},
		"unknown channel":          {node: Node{Channel: "v9"}, answer: told{}.Say("status", "404"), kind: fault.NotFound, says: `there is no channel "v9" at https://update.rke2.io/v1-release/channels; there are: stable (v1.35.7+rke2r1), testing`},
		"server does not answer":   {node: Node{}, answer: told{}.Say("status", "000").Say("error", "curl: (6) Could not resolve host"), kind: fault.Unreachable, says: "https://update.rke2.io/v1-release/channels/stable: curl: (6)"},
		"server breaks":            {node: Node{}, answer: told{}.Say("status", "500").Say("end", "https://x"), kind: fault.Invalid, says: "HTTP status 500 at https://x"},
		"nothing to ask with":      {node: Node{}, answer: told{}.Say("missing", "downloader"), kind: fault.Invalid, says: "neither curl nor wget"},
		"it points somewhere else": {node: Node{}, answer: told{}.Say("status", "302").Say("version", "v1.35.7rke2r1"), kind: fault.Invalid, says: "not an RKE2 version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hosttest.NewFake(t, "10.0.0.1")
			if c.node.Version == "" && !c.node.Source.offline() {
				h.On(hosttest.Named("resolve the channel"), c.answer.Answer())
			}
			if c.kind == fault.NotFound {
				h.On(hosttest.Named("list the channels"), told{}.Blob("content", list).Answer())
			}
			got, err := ResolveVersion(t.Context(), h, c.node)
			if c.kind != "" {
				expectFault(t, err, c.kind, "resolve the channel on 10.0.0.1: ", c.says)
				return
			}
			if err != nil || got != c.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestResolveVersion_AsksTheMachine(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("resolve the channel"), told{}.Say("version", testVersion).Answer())
	if _, err := ResolveVersion(t.Context(), h, Node{Channel: "v1.35/x", Source: Source{ChannelURL: "http://mirror/channels/"}}); err != nil {
		t.Fatal(err)
	}
	if got := h.Calls()[0].Command.Env["URL"]; got != "http://mirror/channels/v1.35%2Fx" {
		t.Errorf("asked %s", got)
	}
}

func TestReleaseURL_EscapesThePlus(t *testing.T) {
	t.Parallel()
	if got := releaseURL("http://m/x/", testVersion, "a"); got != "http://m/x/v1.35.7%2Brke2r1/a" {
		t.Errorf("got %s", got)
	}
}

func TestImageArchives_AreWhatTheSumsPromise(t *testing.T) {
	t.Parallel()
	got := download.Sums([]byte(testSum + "  rke2.linux-amd64.tar.gz\r\n" + strings.ToUpper(testSum) + " *b\n# comment\nabc  short\n" + testSum + "  rke2-images.linux-amd64.tar.zst\n" +
		testSum + "  rke2-images-calico.linux-amd64.tar.gz\n" + testSum + "  rke2-images-calico.linux-arm64.tar.gz\n" + testSum + "  rke2-images-all.linux-amd64.txt\n"))
	if got["rke2.linux-amd64.tar.gz"] != testSum || got["b"] != testSum || len(got) != 6 {
		t.Errorf("got %v", got)
	}
	if names := imageArchives(got, "amd64"); strings.Join(names, " ") != "rke2-images-calico.linux-amd64.tar.gz rke2-images.linux-amd64.tar.zst" {
		t.Errorf("images: %v", names)
	}
}
