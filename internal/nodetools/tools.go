// Package nodetools knows the command-line tools that people want on a node: where they come from, how they are put
// there, and what a login shell needs to find and complete them.
package nodetools

import (
	"maps"
	"path"
	"regexp"
	"slices"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// The tools.
const (
	Calicoctl = "calicoctl"
	Helm      = "helm"
	Kubectl   = "kubectl"
	Kubens    = "kubens"
)

const (
	// DefaultBinDir is on everybody's path.
	DefaultBinDir = "/usr/local/bin"
	// RKE2Bin is where RKE2 unpacks kubectl, crictl and ctr (rke2-docs: docs/reference/cli_tools.md); no shell looks there.
	RKE2Bin = "/var/lib/rancher/rke2/bin"
	// RKE2Kubectl is the kubectl of the installed RKE2, which follows its upgrades.
	RKE2Kubectl = RKE2Bin + "/kubectl"
)

// releases says where each tool comes from.
//   - calicoctl: calico:release/pkg/manager/calico/manager.go at v3.32 (collectGithubArtifacts)
//   - kubens: kubectx:.goreleaser.yml, the same at v0.9.4 and v0.11.0
//   - helm: helm:Makefile (checksum) and get-helm-3
//   - kubectl: https://kubernetes.io/docs/tasks/tools/install-kubectl-linux
var releases = map[string]download.Release{
	Calicoctl: {
		Program: Calicoctl, Folder: "https://github.com/projectcalico/calico/releases/download/{version}/",
		Artifact: "calicoctl-linux-{arch}", Sums: "SHA256SUMS",
	},
	Helm: {
		Program: Helm, Folder: "https://get.helm.sh/",
		Artifact: "helm-{version}-linux-{arch}.tar.gz", Sums: "helm-{version}-linux-{arch}.tar.gz.sha256sum",
	},
	Kubectl: {
		Program: Kubectl, Folder: "https://dl.k8s.io/release/{version}/bin/linux/{arch}/",
		Artifact: "kubectl", Sums: "kubectl.sha256",
	},
	Kubens: {
		Program: Kubens, Folder: "https://github.com/ahmetb/kubectx/releases/download/{version}/",
		Artifact: "kubens_{version}_linux_{machine}.tar.gz", Sums: "checksums.txt",
	},
}

// Tool is how one tool is wanted.
type Tool struct {
	// Version is the release, with its v. URL and SHA256 are as in [download.Wanted].
	Version, URL, SHA256 string
	// Link makes the tool a link to this path instead of a program of its own.
	Link string
}

// Spec is what a machine is to have.
type Spec struct {
	// BinDir is where the tools go.
	BinDir string
	// Tools are wanted by name; the names are this package's constants.
	Tools map[string]Tool
	// Shell sets up login shells: their path, what calicoctl needs, and completion in bash.
	Shell bool
	// Kubeconfig is what KUBECONFIG of login shells is set to where the user may read it; empty leaves it alone.
	Kubeconfig string
}

// Installed is what was put there for one tool.
type Installed struct {
	// Version, URL and SHA256 say which artifact it came from; they are empty for a link.
	Version, URL, SHA256 string
	// Path is where it is, Binary the program's SHA-256 sum, or Link what it leads to.
	Path, Binary, Link string
}

// State is what is kept on a machine: the tools by name, and the SHA-256 sums of text files by path.
type State struct {
	Tools map[string]Installed
	Files map[string]string
}

var (
	plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._+-]+)+$`)
	version   = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.+-]*$`)
	hexSum    = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
)

// Validate reports, as [fault.Invalid], what cannot be installed anywhere.
func (s Spec) Validate() error {
	if !plainPath.MatchString(s.BinDir) || path.Clean(s.BinDir) != s.BinDir {
		return fault.Newf(fault.Invalid, "bin_dir %q is no plain absolute path", s.BinDir)
	}
	if s.Kubeconfig != "" && !plainPath.MatchString(s.Kubeconfig) {
		return fault.Newf(fault.Invalid, "kubeconfig_path %q is no plain absolute path", s.Kubeconfig)
	}
	if len(s.Tools) == 0 {
		return fault.Newf(fault.Invalid, "no tool is wanted: name at least one of calicoctl, helm, kubectl, kubens")
	}
	for _, name := range sortedKeys(s.Tools) {
		if err := s.Tools[name].validate(name); err != nil {
			return err
		}
	}
	return nil
}

func (t Tool) validate(name string) error {
	_, known := releases[name]
	switch {
	case !known:
		return fault.Newf(fault.Invalid, "there is no tool %q", name)
	case t.Link != "" && !plainPath.MatchString(t.Link):
		return fault.Newf(fault.Invalid, "%s: link %q is no plain absolute path", name, t.Link)
	case t.Link != "" && (t.Version != "" || t.URL != "" || t.SHA256 != ""):
		return fault.Newf(fault.Invalid, "%s: it is either a link or a program of some version, not both", name)
	case t.Link == "" && !version.MatchString(t.Version):
		return fault.Newf(fault.Invalid, "%s: %q is no version: want one like v1.2.3, as the release is tagged", name, t.Version)
	case t.SHA256 != "" && !hexSum.MatchString(t.SHA256):
		return fault.Newf(fault.Invalid, "%s: sha256 is no sum: want 64 hexadecimal digits", name)
	}
	return nil
}

func (s Spec) path(name string) string { return s.BinDir + "/" + name }

func (t Tool) wanted(name string) download.Wanted {
	return download.Wanted{Release: releases[name], Version: t.Version, URL: t.URL, SHA256: t.SHA256}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
