// Package download knows how a machine fetches a program of somebody's release, and that nothing of it is used before
// its checksum was found right.
package download

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Release says how a project names and places its files. In all of it {version}, {arch} (amd64, arm64) and {machine}
// (x86_64, arm64) are filled in.
type Release struct {
	// Program is the name of the program, also inside of an archive.
	Program string
	// Folder is the address of the folder with the files, with a slash at its end.
	Folder string
	// Artifact is the file's name, and Sums that of the file with its SHA-256 sum.
	Artifact, Sums string
}

// Wanted is one program of a release as somebody wants it.
type Wanted struct {
	Release Release
	Version string
	// URL replaces the release's folder when it ends with a slash, and the artifact's own address otherwise; empty
	// means upstream.
	URL string
	// SHA256 is the expected sum; empty means the one that the release promises.
	SHA256 string
}

// Source is where the artifact and the file with its sum are, for a machine's architecture in Go's terms.
func (w Wanted) Source(arch string) (artifact, sums string) {
	fill := strings.NewReplacer("{version}", w.Version, "{arch}", arch, "{machine}", machine(arch))
	artifact = fill.Replace(w.URL)
	switch {
	case w.URL == "":
		artifact = fill.Replace(w.Release.Folder + w.Release.Artifact)
	case strings.HasSuffix(w.URL, "/"):
		artifact += fill.Replace(w.Release.Artifact)
	}
	at := strings.LastIndex(artifact, "/") + 1
	return artifact, artifact[:at] + fill.Replace(w.Release.Sums)
}

func machine(arch string) string {
	if arch == "amd64" {
		return "x86_64"
	}
	return arch
}

// Arch translates what uname -m says into the release's terms. Others than x86-64 and ARM64 are [fault.Invalid].
func Arch(uname string) (string, error) {
	switch uname {
	case "x86_64", "amd64":
		return "amd64", nil
	case "aarch64", "arm64":
		return "arm64", nil
	}
	return "", fault.Newf(fault.Invalid, "the machine is a %s, and there are programs for x86_64 and aarch64 only", uname)
}
