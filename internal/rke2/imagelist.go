package rke2

import (
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// ImageList is where a release lists the container images of a set, one a line (rke2:scripts/build-images).
type ImageList struct {
	// URL is the list, Name its file's name, and Sums the release's sums, which promise what the list is.
	URL, Name, Sums string
}

// Images says where a release lists its images: those of "all" sets, or of one such as "core", "canal" or "calico".
// base is the folder with a folder for each version, empty for the public releases; machine is what uname -m says, or
// amd64 and arm64. Errors are of kind fault.Invalid.
func Images(base, version, set, machine string) (ImageList, error) {
	arch := archName(machine)
	if arch == "" {
		return ImageList{}, fault.Newf(fault.Invalid, "RKE2 has no release for machines of kind %q", machine)
	}
	v, err := ParseVersion(version)
	if err != nil {
		return ImageList{}, err
	}
	base = Source{URL: base}.artifactURL()
	name := "rke2-images-" + set + ".linux-" + arch + ".txt"
	return ImageList{URL: releaseURL(base, v.String(), name), Name: name, Sums: releaseURL(base, v.String(), sumsName(arch))}, nil
}

// Digest returns what the release's sums promise of the list: the hex sha256, empty where they do not name it.
func (l ImageList) Digest(sums []byte) string { return download.Sums(sums)[l.Name] }

// ReadImageList reads a list.
func ReadImageList(text []byte) []string { return strings.Fields(string(text)) }
