package rke2

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// images puts the container images of an offline release where RKE2 imports them from. Sums promise more archives
// than anybody needs, so those that the directory lacks are left out; those on the machine already are kept.
func (j *job) images(ctx context.Context, sums map[string]string) error {
	if !j.n.Source.offline() {
		return nil
	}
	names := imageArchives(sums, j.arch)
	if j.n.Source.LocalPath != "" {
		names = j.localImages(names)
	}
	if len(names) == 0 {
		return nil
	}
	j.tell("copy the images")
	missing, err := j.imageScript(ctx, "look for the images", "list", names, sums)
	if err != nil {
		return err
	}
	for _, artifact := range missing {
		if j.n.Source.LocalPath != "" {
			if err := j.upload(ctx, artifact, sums[artifact]); err != nil {
				return err
			}
		}
		if _, err := j.imageScript(ctx, "copy "+artifact, "put", []string{artifact}, sums); err != nil {
			return err
		}
	}
	return nil
}

// localImages keeps what the directory here has, and of two forms of the same images the smaller one.
func (j *job) localImages(names []string) []string {
	var present []string
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(j.n.Source.LocalPath, name)); err == nil {
			present = append(present, name)
		}
	}
	var single []string
	for _, name := range present {
		if base, gzipped := strings.CutSuffix(name, ".gz"); !gzipped || !slices.Contains(present, base+".zst") {
			single = append(single, name)
		}
	}
	return single
}

// imageScript asks which of the archives are not in place, or puts one there.
func (j *job) imageScript(ctx context.Context, name, verb string, archives []string, sums map[string]string) ([]string, error) {
	var lines strings.Builder
	for _, archive := range archives {
		lines.WriteString(sums[archive] + " " + archive + "\n")
	}
	answer, err := run(ctx, j.h, script{name: name, file: "images.sh", env: map[string]string{
		"VERB": verb, "ARCHIVES": lines.String(), "FROM": j.n.Source.Path, "STAGE": stageDir(j.prefix),
		"IMAGES": j.n.dataDir() + "/agent/images",
	}})
	if err != nil {
		return nil, err
	}
	switch answer.Value("verdict") {
	case "checksum":
		return nil, j.errorf(fault.Integrity, name, "its sha256 is %s and %s promises another", answer.Value("sum"), sumsName(j.arch))
	case "failed":
		kind := fault.Command
		if hostscript.NoSpace(answer.Value("error")) {
			kind = fault.NoSpace
		}
		return nil, j.errorf(kind, name, "%s", answer.Value("error"))
	}
	return answer.Values("missing"), nil
}
