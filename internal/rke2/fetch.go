package rke2

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// fetchAttempts is how often a download is tried; between two tries lie seconds.
const fetchAttempts = 4

// fetch gets one artifact into the working directory: from the release server, or from a directory on the machine.
// With show its content is returned as well. A failure that may pass is tried again.
func (j *job) fetch(ctx context.Context, version, artifact string, show bool) ([]byte, error) {
	name := "fetch " + artifact
	env := map[string]string{"STAGE": stageDir(j.prefix), "NAME": artifact, "SOURCE": "", "URL": "", "SHOW": ""}
	from := releaseURL(j.n.Source.artifactURL(), version, artifact)
	env["URL"] = from
	if j.n.Source.Path != "" {
		from = strings.TrimSuffix(j.n.Source.Path, "/") + "/" + artifact
		env["SOURCE"], env["URL"] = from, ""
	}
	if show {
		env["SHOW"] = "yes"
	}
	var content []byte
	var last error
	attempts := 0
	err := j.until(ctx, name, wait.Options{For: artifact, Interval: time.Second, MaxInterval: 5 * time.Second}, func(ctx context.Context) error {
		attempts++
		answer, err := run(ctx, j.h, script{name: name, file: "fetch.sh", env: env})
		if err != nil {
			return err
		}
		content = answer.blob("content")
		again := false
		last, again = j.fetchProblem(name, from, answer)
		if last != nil && again && attempts < fetchAttempts {
			return wait.Pending(last.Error())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return content, last
}

// fetchProblem judges the answer of fetch.sh, and says whether another try may help.
func (j *job) fetchProblem(name, from string, answer block) (problem error, again bool) {
	exit, status, said := answer.value("exit"), answer.value("status"), answer.value("error")
	switch {
	case exit == "0":
		return nil, false
	case fullDisk(answer):
		return j.errorf(fault.NoSpace, name, "no space left in %s%s", j.prefix, because(said)), false
	case answer.value("missing") != "":
		return j.errorf(fault.NotFound, name, "there is no file %s", from), false
	case refusals[status] != fault.Unknown:
		return j.errorf(refusals[status], name, "%s answers with HTTP status %s", from, status), false
	case strings.HasPrefix(status, "5") || status == "429" || slices.Contains(passing[answer.value("tool")], exit):
		return j.errorf(fault.Unreachable, name, "%s: %s", from, said), true
	}
	return j.errorf(fault.Command, name, "%s: %s ended with %s: %s", from, answer.value("tool"), exit, said), false
}

// fullDisk recognises a full file system by what was said, or, because curl only speaks of a failed write, by what
// is left.
func fullDisk(answer block) bool {
	const leastKiB = 64
	return noSpace(answer.value("error")) || answer.value("free_kib") != "" && number(answer.value("free_kib")) < leastKiB
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
