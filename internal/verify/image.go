package verify

import (
	"strings"

	"github.com/Masterminds/semver/v3"
)

// imageTag is the tag in "registry:5000/name:tag@digest", empty where there is none.
func imageTag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	at := strings.LastIndex(image, ":")
	if at < 0 || strings.Contains(image[at:], "/") {
		return ""
	}
	return image[at+1:]
}

// minorsApart counts the minor versions between two tags; zero when one of them is no version.
func minorsApart(a, b string) int {
	first, err := semver.NewVersion(a)
	if err != nil {
		return 0
	}
	second, err := semver.NewVersion(b)
	if err != nil || first.Major() != second.Major() {
		return 0
	}
	return max(int(first.Minor())-int(second.Minor()), int(second.Minor())-int(first.Minor())) //nolint:gosec // minors are small
}
