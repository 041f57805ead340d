package settings_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"
)

// setup writes a config folder and returns what Load needs to read it.
type setup struct {
	command string
	version string
	files   map[string]string
	args    []string
	env     map[string]string
}

func (s setup) load(t *testing.T) (*settings.Settings, string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range s.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s.command == "" {
		s.command = "server"
	}
	if s.version == "" {
		s.version = "v1.36.3+rke2r1"
	}
	var log bytes.Buffer
	out, err := settings.Load(settings.Options{
		Command: s.command, Version: s.version, Args: s.args, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Getenv: func(name string) string {
			if name == "RKE2_CONFIG_FILE" {
				return filepath.Join(dir, "config.yaml")
			}
			return s.env[name]
		},
	})
	return out, log.String(), err
}

func TestLoad_Merges(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		setup setup
		key   string
		want  []string
	}{
		"default": {setup{}, "cni", []string{"canal"}},
		"file":    {setup{files: map[string]string{"config.yaml": "node-name: a\n"}}, "node-name", []string{"a"}},
		"later file wins": {setup{files: map[string]string{
			"config.yaml": "node-name: a\n", "config.yaml.d/10.yaml": "node-name: b\n", "config.yaml.d/20.yml": "node-name: c\n",
		}}, "node-name", []string{"c"}},
		"drop-in without config.yaml": {setup{files: map[string]string{"config.yaml.d/10.yaml": "node-name: b\n"}}, "node-name", []string{"b"}},
		"drop-in of another kind":     {setup{files: map[string]string{"config.yaml": "node-name: a\n", "config.yaml.d/10.bak": "node-name: b\n"}}, "node-name", []string{"a"}},
		"list is replaced": {setup{files: map[string]string{
			"config.yaml": "tls-san: [a, b]\n", "config.yaml.d/10.yaml": "tls-san: [c]\n",
		}}, "tls-san", []string{"c"}},
		"list is appended to": {setup{files: map[string]string{
			"config.yaml": "tls-san: [a]\n", "config.yaml.d/10.yaml": "tls-san+: [b]\n", "config.yaml.d/20.yaml": "tls-san+: c\n",
		}}, "tls-san", []string{"a", "b", "c"}},
		"append to nothing":       {setup{files: map[string]string{"config.yaml": "tls-san+: [a]\n"}}, "tls-san", []string{"a"}},
		"commas":                  {setup{files: map[string]string{"config.yaml": "disable: \"a,b\"\n"}}, "disable", []string{"a", "b"}},
		"flag wins":               {setup{files: map[string]string{"config.yaml": "node-name: a\n"}, args: []string{"--node-name=z"}}, "node-name", []string{"z"}},
		"flag with a blank":       {setup{args: []string{"--node-name", "z"}}, "node-name", []string{"z"}},
		"short flag":              {setup{args: []string{"-s", "https://a:9345"}}, "server", []string{"https://a:9345"}},
		"list flag adds":          {setup{files: map[string]string{"config.yaml": "tls-san: [a]\n"}, args: []string{"--tls-san", "b"}}, "tls-san", []string{"a", "b"}},
		"environment":             {setup{env: map[string]string{"RKE2_NODE_NAME": "e"}}, "node-name", []string{"e"}},
		"file before environment": {setup{files: map[string]string{"config.yaml": "node-name: a\n"}, env: map[string]string{"RKE2_NODE_NAME": "e"}}, "node-name", []string{"a"}},
		"unquoted octal mode":     {setup{files: map[string]string{"config.yaml": "write-kubeconfig-mode: 0644\n"}}, "write-kubeconfig-mode", []string{"420"}},
		"boolean without a value": {setup{args: []string{"--debug", "--node-name", "z"}}, "node-name", []string{"z"}},
		"null":                    {setup{files: map[string]string{"config.yaml": "tls-san:\n"}}, "tls-san", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, err := test.setup.load(t)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.List(test.key); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLoad_UnknownKeyIsSkipped(t *testing.T) {
	t.Parallel()
	s, log, err := setup{files: map[string]string{"config.yaml": "flannel-backend: vxlan\nnode-name: a\n"}}.load(t)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log, "Unknown flag --flannel-backend found in config.yaml, skipping") || s.String("node-name") != "a" {
		t.Errorf("log %q, name %q", log, s.String("node-name"))
	}
}

func TestLoad_KeysDependOnReleaseAndRole(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		command, version, key string
		known                 bool
	}{
		"ingress-controller in 2023":       {"server", "v1.24.10+rke2r1", "ingress-controller", false},
		"ingress-controller, first patch":  {"server", "v1.29.7+rke2r1", "ingress-controller", true},
		"ingress-controller, one before":   {"server", "v1.30.2+rke2r1", "ingress-controller", false},
		"ingress-controller today":         {"server", "v1.36.3+rke2r1", "ingress-controller", true},
		"helm-controller-arg, first patch": {"server", "v1.35.7+rke2r1", "helm-controller-arg", true},
		"helm-controller-arg, one before":  {"server", "v1.36.2+rke2r1", "helm-controller-arg", false},
		"tls-san on an agent":              {"agent", "v1.36.3+rke2r1", "tls-san", false},
		"node-label on an agent":           {"agent", "v1.36.3+rke2r1", "node-label", true},
	} {
		_, log, err := setup{command: test.command, version: test.version, files: map[string]string{"config.yaml": test.key + ": a\n"}}.load(t)
		if err != nil {
			t.Fatal(err)
		}
		if known := !strings.Contains(log, "Unknown flag"); known != test.known {
			t.Errorf("%s: known %v", name, known)
		}
	}
}

func TestLoad_Refuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		setup setup
		want  string
	}{
		"unknown flag":     {setup{args: []string{"--flannel-backend=vxlan"}}, "flag provided but not defined: -flannel-backend"},
		"missing value":    {setup{args: []string{"--node-name"}}, "flag needs an argument: -node-name"},
		"no YAML":          {setup{files: map[string]string{"config.yaml": "node-name: [a\n"}}, "yaml: line"},
		"not a mapping":    {setup{files: map[string]string{"config.yaml": "- a\n"}}, "yaml:"},
		"bad boolean":      {setup{files: map[string]string{"config.yaml": "debug: perhaps\n"}}, `invalid value "perhaps" for flag -debug`},
		"bad number":       {setup{files: map[string]string{"config.yaml": "etcd-snapshot-retention: many\n"}}, "etcd-snapshot-retention"},
		"broken drop-in":   {setup{files: map[string]string{"config.yaml.d/1.yaml": "\t"}}, "yaml:"},
		"stray argument":   {setup{args: []string{"now"}}, "unexpected argument"},
		"bad environment":  {setup{env: map[string]string{"RKE2_DEBUG": "perhaps"}}, "debug"},
		"bad flag boolean": {setup{args: []string{"--debug=perhaps"}}, "debug"},
	} {
		if _, _, err := test.setup.load(t); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestSettings_CNI(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"canal": "canal", "none": "none", "[multus, calico]": "calico with multus",
		"weave":            "Invalid value weave for --cni flag: must be one of calico,canal,cilium,flannel",
		"multus":           "multus must be used alongside another primary cni selection",
		"[canal, calico]":  "may only provide multiple values if multus is the first value",
		"[a, b, c]":        "must specify 1 or 2 values",
		"\"multus,weave\"": "Invalid value weave",
	} {
		s, _, err := setup{files: map[string]string{"config.yaml": "cni: " + value + "\n"}}.load(t)
		if err != nil {
			t.Fatal(err)
		}
		got, multus, err := s.CNI()
		if multus {
			got += " with multus"
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}

func TestSettings_Ingress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version, config string
		want            []string
	}{
		"2023":                {"v1.24.10+rke2r1", "", []string{"ingress-nginx"}},
		"2023, disabled":      {"v1.24.10+rke2r1", "disable: rke2-ingress-nginx\n", nil},
		"before 1.36":         {"v1.35.7+rke2r1", "", []string{"ingress-nginx"}},
		"from 1.36 on":        {"v1.36.3+rke2r1", "", []string{"traefik"}},
		"chosen":              {"v1.35.7+rke2r1", "ingress-controller: traefik\n", []string{"traefik"}},
		"both":                {"v1.36.3+rke2r1", "ingress-controller: [ingress-nginx, traefik]\n", []string{"ingress-nginx", "traefik"}},
		"none":                {"v1.36.3+rke2r1", "ingress-controller: none\n", nil},
		"chosen and disabled": {"v1.36.3+rke2r1", "ingress-controller: traefik\ndisable: [rke2-traefik]\n", nil},
	} {
		s, _, err := setup{version: test.version, files: map[string]string{"config.yaml": test.config}}.load(t)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Ingress(test.version); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	s, _, err := setup{files: map[string]string{"config.yaml": "ingress-controller: haproxy\n"}}.load(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ingress("v1.36.3+rke2r1"); err == nil || !strings.Contains(err.Error(), "Invalid value haproxy") {
		t.Errorf("got %v", err)
	}
}

func TestAtLeast(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version, other string
		want           bool
	}{
		{"v1.36.3+rke2r1", "v1.36.0", true},
		{"v1.36.0", "v1.36.0", true},
		{"v1.35.7+rke2r1", "v1.36.0", false},
		{"v1.36.3-rc1+rke2r1", "v1.36.3", true},
		{"v2.0.0", "v1.36.0", true},
		{"dev", "v1.36.0", true},
	} {
		if got := settings.AtLeast(test.version, test.other); got != test.want {
			t.Errorf("%s at least %s: %v", test.version, test.other, got)
		}
	}
}

func TestMinor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"v1.24.10+rke2r1": "1.24", "v1.36.4-rc1+rke2r1": "1.36", "dev": ""} {
		if got := settings.Minor(version); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}
