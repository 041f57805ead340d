package rke2

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
)

func TestTokenFrom_TakesTheLeastToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		role  Role
		files map[string]string
		want  string
	}{
		"agent":                       {Agent, map[string]string{"token": "server-token", "agent-token": "agent-token"}, "agent-token"},
		"agent, servers' token alone": {Agent, map[string]string{"token": "server-token"}, "server-token"},
		"server":                      {Server, map[string]string{"token": "server-token\n", "agent-token": "agent-token"}, "server-token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hosttest.NewFake(t, "10.0.0.1")
			for file, content := range c.files {
				h.SetFile("/data/rke2/server/"+file, hosttest.File{Content: []byte(content)})
			}
			token, err := TokenFrom(h, c.role, "/data/rke2")(t.Context())
			if err != nil || token.value != c.want {
				t.Errorf("got %q, %v", token.value, err)
			}
		})
	}
}

func TestTokenFrom_SaysWhyThereIsNone(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), bare().Answer())
	_, err := TokenFrom(h, Agent, "")(t.Context())
	expectFault(t, err, fault.NotFound, "read the join token: 10.0.0.1 has none: RKE2 has not run there as a server yet")
	h.Fail("read", "/var/lib/rancher/rke2/server/agent-token", fault.Newf(fault.Denied, "no"))
	_, err = TokenFrom(h, Agent, "")(t.Context())
	expectFault(t, err, fault.Denied, "no")
	h.SetFile("/var/lib/rancher/rke2/server/token", hosttest.File{Content: []byte("\n")})
	_, err = TokenFrom(h, Server, "")(t.Context())
	expectFault(t, err, fault.Invalid, "the join token is empty")
}

func TestTokenFrom_FollowsTheServersDataDirectory(t *testing.T) {
	t.Parallel()
	h := hosttest.NewFake(t, "10.0.0.1")
	h.On(hosttest.Named("read RKE2"), bare().Say("data_dir", "/data/rke2").Answer())
	h.SetFile("/data/rke2/server/token", hosttest.File{Content: []byte("moved")})
	token, err := TokenFrom(h, Agent, "")(t.Context())
	if err != nil || token.value != "moved" {
		t.Errorf("got %q, %v", token.value, err)
	}
}

func TestToken_IsNeverFormatted(t *testing.T) {
	t.Parallel()
	token, err := NewToken("canary")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, token); strings.Contains(text, "canary") {
			t.Errorf("%s shows the token: %s", format, text)
		}
	}
}

func TestJoinURL(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"10.0.0.1":                 "https://10.0.0.1:9345",
		"cp1.example.org":          "https://cp1.example.org:9345",
		"cp1:9999":                 "https://cp1:9999",
		"https://cp1":              "https://cp1:9345",
		"https://cp1:9345/":        "https://cp1:9345",
		"fd00::1":                  "https://[fd00::1]:9345",
		"[fd00::1]:9999":           "https://[fd00::1]:9999",
		"https://[fd00::1]:9345":   "https://[fd00::1]:9345",
		"http://cp1":               "",
		"https://cp1:9345/cluster": "",
		"https://":                 "",
		"  ":                       "",
		"cp1:port":                 "",
	} {
		got, err := joinURL(server)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", server, got, err, want)
		}
	}
}
