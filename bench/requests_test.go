package bench_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// requests counts requests to the Kubernetes API by verb and resource.
type requests map[request]int

type request struct{ verb, resource string }

func (r requests) total() int {
	n := 0
	for _, count := range r {
		n += count
	}
	return n
}

// byVerb sums up by verb.
func (r requests) byVerb() map[string]int {
	sums := map[string]int{}
	for at, count := range r {
		sums[at.verb] += count
	}
	return sums
}

// ranked lists all, the most frequent first.
func (r requests) ranked() []request {
	return slices.SortedFunc(maps.Keys(r), func(a, b request) int {
		if r[a] != r[b] {
			return r[b] - r[a]
		}
		return strings.Compare(a.verb+a.resource, b.verb+b.resource)
	})
}

// resourceOf names what a path of the Kubernetes API leads to: "deployments.apps", "discovery" for what has no resource.
// With a name it is one object, else a collection.
func resourceOf(path string) (resource string, named bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		group, parts = "."+parts[1], parts[3:]
	default:
		return "discovery", true
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		parts = parts[2:]
	}
	return parts[0] + group, len(parts) > 1
}

// The provider's debug log.
const (
	logFile    = "provider.log"
	logMessage = "kubernetes request"
)

var (
	logVerb = regexp.MustCompile(`\bverb=(\w+)`)
	logPath = regexp.MustCompile(`\bpath=(\S+)`)
)

// logged does something with the provider's debug log on, and returns the requests that it tells of.
func (w *workspace) logged(do func() cost) (cost, requests) {
	w.t.Helper()
	path := filepath.Join(w.dir, logFile)
	w.env["TF_LOG_PROVIDER"], w.env["TF_LOG_PATH"] = "DEBUG", path
	used := do()
	delete(w.env, "TF_LOG_PROVIDER")
	delete(w.env, "TF_LOG_PATH")
	raw, err := os.ReadFile(path)
	w.must(err)
	w.must(os.Remove(path))
	counted := requests{}
	for line := range strings.Lines(string(raw)) {
		verb, at := logVerb.FindStringSubmatch(line), logPath.FindStringSubmatch(line)
		if !strings.Contains(line, logMessage) || verb == nil || at == nil {
			continue
		}
		resource, _ := resourceOf(strings.Trim(at[1], `"`))
		counted[request{verb[1], resource}]++
	}
	return used, counted
}
