package settings

import (
	"strconv"
	"strings"
)

// AtLeast reports whether a release (v1.36.3+rke2r1) is the same as or newer than another one (v1.36.0).
// Build suffixes are not compared; a version that cannot be read counts as the newest.
func AtLeast(version, other string) bool {
	v, ok := parts(version)
	if !ok {
		return true
	}
	o, _ := parts(other)
	for i := range v {
		if v[i] != o[i] {
			return v[i] > o[i]
		}
	}
	return true
}

// Minor returns 1.36 for v1.36.3+rke2r1, and nothing for a version that cannot be read.
func Minor(version string) string {
	p, ok := parts(version)
	if !ok {
		return ""
	}
	return strconv.Itoa(p[0]) + "." + strconv.Itoa(p[1])
}

// sinceAllows reports whether a release is covered by a list of first releases. A minor that is in the list counts from the
// patch named there; a minor above all of them has the flag from its start.
func sinceAllows(since []string, version string) bool {
	if len(since) == 0 {
		return true
	}
	v, ok := parts(version)
	if !ok {
		return true
	}
	newest := 0
	for _, s := range since {
		p, _ := parts(s)
		if p[0] == v[0] && p[1] == v[1] {
			return v[2] >= p[2]
		}
		newest = max(newest, p[1])
	}
	return v[1] > newest
}

func parts(version string) ([3]int, bool) {
	var out [3]int
	core, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), "+")
	core, _, _ = strings.Cut(core, "-")
	fields := strings.Split(core, ".")
	if len(fields) != 3 {
		return out, false
	}
	for i, f := range fields {
		n, err := strconv.Atoi(f)
		if err != nil {
			return out, false
		}
		out[i] = n
	}
	return out, true
}
