package download

import (
	"context"
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

//go:embed scripts/fetch.sh
var fetchScript string

//go:embed scripts/check.sh
var checkScript string

// Staged is a program that was fetched and found right, ready to be moved into place.
type Staged struct {
	// Path is where it is, on the file system of the folder that was named.
	Path string
	// URL is where it came from, SHA256 the sum of what was fetched and Binary that of the program itself.
	URL, SHA256, Binary string
}

// Stage fetches a program into a folder of the machine, which must exist. recorded is the sum that the same artifact had
// earlier; another one now is refused, because a release that changes is one that somebody tampered with. Empty means
// that there is none.
func Stage(ctx context.Context, h hostscript.Host, w Wanted, arch, folder, recorded string) (Staged, error) {
	what := strings.TrimSpace(w.Release.Program + " " + w.Version)
	artifact, sums := w.Source(arch)
	sum, promised := strings.ToLower(w.SHA256), "sha256 says"
	if sum == "" {
		var err error
		if sum, err = promise(ctx, h, what, artifact, sums, folder); err != nil {
			return Staged{}, err
		}
		promised = sums + " promises"
	}
	if recorded != "" && recorded != sum {
		return Staged{}, fault.Newf(fault.Integrity, "fetching %s on %s: %s %s, and it was %s when it was first installed: the release was changed afterwards. "+
			"If that is right, give the new sum as sha256", what, h, promised, sum, recorded)
	}
	if _, err := fetch(ctx, h, what, artifact, folder, w.Release.Program+".part", false); err != nil {
		return Staged{}, err
	}
	answer, err := hostscript.Run(ctx, h, hostscript.Script{Name: "check " + what, Body: checkScript, Sudo: true, Env: map[string]string{
		"FOLDER": folder, "PART": w.Release.Program + ".part", "PROGRAM": w.Release.Program, "SUM": sum, "ARCHIVE": archive(artifact),
	}})
	if err != nil {
		return Staged{}, err
	}
	switch answer.Value("verdict") {
	case "ok":
		return Staged{Path: folder + "/" + w.Release.Program, URL: artifact, SHA256: sum, Binary: answer.Value("binary")}, nil
	case "checksum":
		return Staged{}, fault.Newf(fault.Integrity, "fetching %s on %s: the sha256 of %s is %s and %s %s: nothing was installed",
			what, h, artifact, answer.Value("sum"), promised, sum)
	case "member":
		return Staged{}, fault.Newf(fault.Invalid, "fetching %s on %s: the archive %s has no file %s", what, h, artifact, w.Release.Program)
	case "space":
		return Staged{}, fault.Newf(fault.NoSpace, "fetching %s on %s: no space left in %s", what, h, folder)
	}
	return Staged{}, fault.Newf(fault.Command, "unpacking %s on %s: %s", artifact, h, answer.Value("error"))
}

func archive(artifact string) string {
	if strings.HasSuffix(artifact, ".tar.gz") || strings.HasSuffix(artifact, ".tgz") {
		return "tar.gz"
	}
	return ""
}

// promise reads the sum that a release promises for an artifact.
func promise(ctx context.Context, h hostscript.Host, what, artifact, sums, folder string) (string, error) {
	content, err := fetch(ctx, h, what, sums, folder, "sums", true)
	if fault.Is(err, fault.NotFound) {
		return "", fault.New(fault.NotFound, fmt.Errorf("%w. Check the version, or give the sum as sha256 if this release publishes none", err))
	}
	if err != nil {
		return "", err
	}
	sum, found := findSum(content, path.Base(artifact))
	if !found {
		return "", fault.Newf(fault.Integrity, "fetching %s on %s: %s promises no sum for %s, so it cannot be verified; give it as sha256", what, h, sums, path.Base(artifact))
	}
	return sum, nil
}

// fetchAttempts is how often a download is tried; between two tries lie seconds.
const fetchAttempts = 4

// fetch gets a file into a folder and, when asked to, shows its content. A failure that may pass is tried again.
func fetch(ctx context.Context, h hostscript.Host, what, url, folder, name string, show bool) ([]byte, error) {
	env := map[string]string{"FOLDER": folder, "NAME": name, "URL": url, "SHOW": ""}
	if show {
		env["SHOW"] = "yes"
	}
	var content []byte
	var problem error
	attempts := 0
	err := wait.Until(ctx, wait.Options{For: what, Interval: time.Second, MaxInterval: 5 * time.Second}, func(ctx context.Context) error {
		attempts++
		answer, err := hostscript.Run(ctx, h, hostscript.Script{Name: "fetch " + what, Body: fetchScript, Env: env, Sudo: true})
		if problem = err; problem != nil {
			return nil //nolint:nilerr // it ends the wait and is returned behind it
		}
		content = answer.Blob("content")
		again := false
		problem, again = judge(h, what, url, answer)
		if problem != nil && again && attempts < fetchAttempts {
			return wait.Pending(problem.Error())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fetching %s on %s: %w", what, h, err)
	}
	return content, problem
}

// judge says what came of a fetch, and whether another try may help.
func judge(h hostscript.Host, what, url string, answer hostscript.Answer) (problem error, again bool) {
	exit, status, said := answer.Value("exit"), answer.Value("status"), answer.Value("error")
	kind := refusals[status]
	switch {
	case exit == "0":
		return nil, false
	case answer.Value("full") != "":
		return fault.Newf(fault.NoSpace, "fetching %s on %s: no space left: %s", what, h, said), false
	case kind != fault.Unknown:
		return fault.Newf(kind, "fetching %s on %s: %s answers with HTTP status %s", what, h, url, status), false
	case strings.HasPrefix(status, "5") || status == "429" || slices.Contains(passing[answer.Value("tool")], exit):
		return fault.Newf(fault.Unreachable, "fetching %s on %s: %s: %s", what, h, url, said), true
	}
	return fault.Newf(fault.Command, "fetching %s on %s: %s: %s ended with %s: %s", what, h, url, answer.Value("tool"), exit, said), false
}

// refusals are HTTP statuses that another try does not change.
var refusals = map[string]fault.Kind{
	"401": fault.Denied, "403": fault.Denied, "404": fault.NotFound, "410": fault.NotFound, "451": fault.Denied,
}

// passing are the exit codes of failures that may pass: names, connections, cut transfers (curl(1), wget(1)).
var passing = map[string][]string{
	"curl": {"5", "6", "7", "18", "28", "35", "52", "55", "56", "92"},
	"wget": {"4"},
}
