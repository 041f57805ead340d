package rke2

import (
	"context"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/download"
)

// fetch gets one artifact into the working directory: from the release server, or from a directory on the machine.
// With show its content is returned instead.
func (j *job) fetch(ctx context.Context, version, artifact string, show bool) ([]byte, error) {
	file := download.File{
		What: artifact, Doing: "fetch " + artifact, URL: releaseURL(j.n.Source.artifactURL(), version, artifact),
		Folder: stageDir(j.prefix), Name: artifact, Place: j.prefix, Show: show, Patient: true,
	}
	if j.n.Source.Path != "" {
		file.Path = strings.TrimSuffix(j.n.Source.Path, "/") + "/" + artifact
	}
	return download.Fetch(ctx, j.h, file)
}
