package rke2

import (
	"regexp"
	"strings"
)

// archName is the release's name for what uname -m says (rke2:install.sh, setup_arch), or empty.
func archName(machine string) string {
	switch machine {
	case "x86_64", "amd64":
		return "amd64"
	case "aarch64", "arm64":
		return "arm64"
	case "s390x":
		return "s390x"
	}
	return ""
}

func sumsName(arch string) string    { return "sha256sum-" + arch + ".txt" }
func archiveName(arch string) string { return "rke2.linux-" + arch + ".tar.gz" }

// releaseURL is where an artifact of a version lies; the plus of a version must be escaped.
func releaseURL(base, version, name string) string {
	return strings.TrimSuffix(base, "/") + "/" + strings.ReplaceAll(version, "+", "%2B") + "/" + name
}

// imageArchives lists the container image archives of an architecture that the sums promise, sorted. Every release
// promises several that nobody has to have.
func imageArchives(sums map[string]string, arch string) []string {
	pattern := regexp.MustCompile(`^rke2-images[a-z0-9-]*\.linux-` + regexp.QuoteMeta(arch) + `\.tar\.(zst|gz)$`)
	var names []string
	for _, name := range sortedKeys(sums) {
		if pattern.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}
