package download

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

//go:embed scripts/fetch.sh
var fetchScript string

// File is one file that a machine is to fetch.
type File struct {
	// What it is ("k3d v5.9.0"), and Doing is how messages begin ("fetching k3d v5.9.0").
	What, Doing string
	// URL is where it is. Path, when it is set, is a file on the machine itself, which is copied.
	URL, Path string
	// Folder is where it goes, which must exist, and Name its name there.
	Folder, Name string
	// Place is what a message calls the folder when its file system is full.
	Place string
	// Show returns the content instead of keeping the file.
	Show bool
	// Patient goes on while the machine itself cannot be reached, for as long as the context lives.
	Patient bool
}

func (f File) env() map[string]string {
	env := map[string]string{"FOLDER": f.Folder, "NAME": f.Name, "URL": f.URL, "SOURCE": "", "SHOW": ""}
	if f.Path != "" {
		env["SOURCE"], env["URL"] = f.Path, ""
	}
	if f.Show {
		env["SHOW"] = "yes"
	}
	return env
}

func (f File) from() string {
	if f.Path != "" {
		return f.Path
	}
	return f.URL
}

// fetchAttempts is how often a download is tried; between two tries lie seconds.
const fetchAttempts = 4

// Fetch gets a file into a folder of a machine. A failure that may pass is tried again. A file that is not there is
// [fault.NotFound], a login that is needed [fault.Denied], a full file system [fault.NoSpace]; nothing is left of a file
// that did not come as a whole.
func Fetch(ctx context.Context, h hostscript.Host, f File) (content []byte, problem error) {
	attempts := 0
	err := wait.Until(ctx, wait.Options{For: f.What, Interval: time.Second, MaxInterval: 5 * time.Second}, func(ctx context.Context) error {
		attempts++
		answer, err := hostscript.Run(ctx, h, hostscript.Script{Name: "fetch " + f.What, Body: fetchScript, Env: f.env(), Sudo: true})
		if f.Patient && fault.Is(err, fault.Unreachable) {
			return err
		}
		if problem = err; problem != nil {
			return nil //nolint:nilerr // it ends the wait and is returned behind it
		}
		content = answer.Blob("content")
		kind, text, again := f.judge(answer)
		if problem = f.errorf(h, kind, text); problem != nil && again && attempts < fetchAttempts {
			return wait.Pending(problem.Error())
		}
		return nil
	})
	if err != nil {
		return nil, fault.New(fault.KindOf(err), fmt.Errorf("%s on %s: %w", f.Doing, h, err))
	}
	return content, problem
}

func (f File) errorf(h hostscript.Host, kind fault.Kind, text string) error {
	if text == "" {
		return nil
	}
	return fault.Newf(kind, "%s on %s: %s", f.Doing, h, text)
}

// judge says what came of a fetch, nothing when all went well, and whether another try may help.
func (f File) judge(answer hostscript.Answer) (kind fault.Kind, text string, again bool) {
	exit, status, said := answer.Value("exit"), answer.Value("status"), answer.Value("error")
	refusal := refusals[status]
	switch {
	case exit == "0":
		return fault.Unknown, "", false
	case fullDisk(answer):
		if said != "" {
			said = ": " + said
		}
		return fault.NoSpace, "no space left in " + f.Place + said, false
	case answer.Value("missing") != "":
		return fault.NotFound, "there is no file " + f.from(), false
	case refusal != fault.Unknown:
		return refusal, fmt.Sprintf("%s answers with HTTP status %s", f.from(), status), false
	case strings.HasPrefix(status, "5") || status == "429" || slices.Contains(passing[answer.Value("tool")], exit):
		return fault.Unreachable, f.from() + ": " + said, true
	}
	return fault.Command, fmt.Sprintf("%s: %s ended with %s: %s", f.from(), answer.Value("tool"), exit, said), false
}

// fullDisk recognises a full file system by what was said, or, because curl only speaks of a failed write, by what is
// left.
func fullDisk(answer hostscript.Answer) bool {
	const leastKiB = 64
	free, err := strconv.Atoi(answer.Value("free_kib"))
	return hostscript.NoSpace(answer.Value("error")) || err == nil && free < leastKiB
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
