package download

import (
	"path"
	"regexp"
	"strings"
)

var digest = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// Sums reads what sha256sum wrote ("<sum>  <name>"): digests by file name, whatever folder the name is in. Lines that are
// something else are left out; of a name that comes twice the first one counts.
func Sums(content []byte) map[string]string {
	sums := map[string]string{}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !digest.MatchString(fields[0]) {
			continue
		}
		name := path.Base(strings.TrimPrefix(fields[1], "*"))
		if sums[name] == "" {
			sums[name] = strings.ToLower(fields[0])
		}
	}
	return sums
}

// findSum finds a file's sum in what sha256sum wrote, or in a file that holds nothing but the sum; empty when it has none.
func findSum(content []byte, artifact string) string {
	if sum := Sums(content)[artifact]; sum != "" {
		return sum
	}
	for line := range strings.Lines(string(content)) {
		if sum := strings.TrimSpace(line); digest.MatchString(sum) {
			return strings.ToLower(sum)
		}
	}
	return ""
}
