package download

import (
	"context"
	_ "embed"
	"fmt"
	"path"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

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
	part := w.Release.Program + ".part"
	if _, err := Fetch(ctx, h, File{What: what, Doing: "fetching " + what, URL: artifact, Folder: folder, Name: part, Place: folder}); err != nil {
		return Staged{}, err
	}
	answer, err := hostscript.Run(ctx, h, hostscript.Script{Name: "check " + what, Body: checkScript, Sudo: true, Env: map[string]string{
		"FOLDER": folder, "PART": part, "PROGRAM": w.Release.Program, "SUM": sum, "ARCHIVE": archive(artifact),
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
	content, err := Fetch(ctx, h, File{What: what, Doing: "fetching " + what, URL: sums, Folder: folder, Name: "sums", Place: folder, Show: true})
	if fault.Is(err, fault.NotFound) {
		return "", fault.New(fault.NotFound, fmt.Errorf("%w. Check the version, or give the sum as sha256 if this release publishes none", err))
	}
	if err != nil {
		return "", err
	}
	sum := findSum(content, path.Base(artifact))
	if sum == "" {
		return "", fault.Newf(fault.Integrity, "fetching %s on %s: %s promises no sum for %s, so it cannot be verified; give it as sha256", what, h, sums, path.Base(artifact))
	}
	return sum, nil
}
