package rke2_test

import (
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/rke2"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	join := &rke2.Join{Server: "10.0.0.1"}
	for name, c := range map[string]struct {
		node    rke2.Node
		refusal string
	}{
		"first server":            {rke2.Node{Role: rke2.Server}, ""},
		"agent":                   {rke2.Node{Role: rke2.Agent, Join: join}, ""},
		"further key":             {rke2.Node{Role: rke2.Server, Config: map[string]any{"profile": "cis"}}, ""},
		"token file of the user":  {rke2.Node{Role: rke2.Server, Config: map[string]any{"token-file": "/root/t"}}, ""},
		"no role":                 {rke2.Node{}, "the role must be server or agent"},
		"agent without a server":  {rke2.Node{Role: rke2.Agent}, "needs a server to join"},
		"agent with TLS names":    {rke2.Node{Role: rke2.Agent, Join: join, TLSSAN: []string{"a"}}, "an agent cannot have TLS names"},
		"agent with a CNI":        {rke2.Node{Role: rke2.Agent, Join: join, CNI: []string{"calico"}}, "an agent cannot have a CNI"},
		"key set twice":           {rke2.Node{Role: rke2.Server, CNI: []string{"calico"}, Config: map[string]any{"cni": "canal"}}, "cni is set already by the CNI"},
		"appended key set twice":  {rke2.Node{Role: rke2.Server, TLSSAN: []string{"a"}, Config: map[string]any{"tls-san+": "b"}}, "tls-san+ is set already"},
		"data-dir as a key":       {rke2.Node{Role: rke2.Server, Config: map[string]any{"data-dir": "/x/y"}}, "has an argument of its own"},
		"server as a key":         {rke2.Node{Role: rke2.Server, Config: map[string]any{"server": "https://x:9345"}}, "has an argument of its own"},
		"token in the open":       {rke2.Node{Role: rke2.Server, Config: map[string]any{"token": "canary"}}, "a token does not belong into a configuration"},
		"cluster reset":           {rke2.Node{Role: rke2.Server, Config: map[string]any{"cluster-reset": true}}, "at every start"},
		"token file and join":     {rke2.Node{Role: rke2.Server, Join: join, Config: map[string]any{"token-file": "/x"}}, "token-file is set"},
		"server that is no URL":   {rke2.Node{Role: rke2.Server, Join: &rke2.Join{Server: "http://10.0.0.1"}}, "must be an address"},
		"empty server":            {rke2.Node{Role: rke2.Server, Join: &rke2.Join{}}, "the server to join is empty"},
		"version":                 {rke2.Node{Role: rke2.Server, Version: "latest"}, "not an RKE2 version"},
		"both sources":            {rke2.Node{Role: rke2.Server, Source: rke2.Source{Path: "/a/b", LocalPath: "c"}}, "not from both"},
		"channel of a directory":  {rke2.Node{Role: rke2.Server, Channel: "stable", Source: rke2.Source{Path: "/a/b"}}, "a channel has no meaning"},
		"relative directory":      {rke2.Node{Role: rke2.Server, Source: rke2.Source{Path: "a/b"}}, "must be an absolute path"},
		"data directory of all":   {rke2.Node{Role: rke2.Server, DataDir: "/var"}, "two levels deep"},
		"node address":            {rke2.Node{Role: rke2.Server, IP: "10.0.0.1,x"}, "is not an IP address"},
		"dual stack":              {rke2.Node{Role: rke2.Server, IP: "10.0.0.1,fd00::1"}, ""},
		"taint without effect":    {rke2.Node{Role: rke2.Server, Taints: []rke2.Taint{{Key: "a"}}}, "taint"},
		"two problems, both said": {rke2.Node{Role: "master", IP: "x"}, `"master"; the node's address`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectInvalid(t, c.node.Validate(), c.refusal)
		})
	}
}
