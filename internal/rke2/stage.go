package rke2

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// stage brings the release to the machine, verifies it and unpacks it beside its place, so that a cut or a wrong
// byte leaves what is installed as it was.
func (j *job) stage(ctx context.Context) (err error) {
	if !j.change.place {
		if j.out.Observed.leftover {
			return j.clear(ctx, false)
		}
		return nil
	}
	if err := j.clear(ctx, true); err != nil {
		return err
	}
	defer func() {
		if err == nil {
			return
		}
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer cancel()
		if clearErr := j.clear(after, false); clearErr != nil {
			j.log.Warn("the working directory stays until the next run", "error", clearErr.Error())
		}
	}()
	sums, err := j.sums(ctx)
	if err != nil {
		return err
	}
	archive := archiveName(j.arch)
	sum := sums[archive]
	if sum == "" {
		return j.errorf(fault.Integrity, "fetch "+archive, "%s promises no sum for it, so it cannot be verified", sumsName(j.arch))
	}
	if err := j.bring(ctx, archive, sum); err != nil {
		return err
	}
	if err := j.unpack(ctx, archive, sum); err != nil {
		return err
	}
	return j.images(ctx, sums)
}

// clear empties the working directory, or takes it away.
func (j *job) clear(ctx context.Context, anew bool) error {
	env := map[string]string{"STAGE": stageDir(j.prefix), "MAKE": ""}
	if anew {
		env["MAKE"] = "yes"
	}
	_, err := run(ctx, j.h, script{name: "clear the working directory", file: "clear.sh", env: env})
	return err
}

// sums gets the release's list of digests.
func (j *job) sums(ctx context.Context) (map[string]string, error) {
	name := sumsName(j.arch)
	var content []byte
	var err error
	if j.n.Source.LocalPath != "" {
		content, err = os.ReadFile(filepath.Join(j.n.Source.LocalPath, name))
		if err != nil {
			return nil, j.errorf(localKind(err), "fetch "+name, "%w", err)
		}
	} else {
		content, err = j.fetch(ctx, j.out.Version, name, true)
		if err != nil {
			return nil, j.explainMissing(ctx, err)
		}
	}
	return download.Sums(content), nil
}

// explainMissing adds to a release that does not exist which ones do.
func (j *job) explainMissing(ctx context.Context, err error) error {
	if !fault.Is(err, fault.NotFound) || j.n.Source.offline() {
		return err
	}
	known := j.knownChannels(ctx)
	return fault.New(fault.NotFound, fmt.Errorf("%w: RKE2 %s does not exist there%s", err, j.out.Version, known))
}

// bring gets an artifact into the working directory, from wherever the source is.
func (j *job) bring(ctx context.Context, artifact, sum string) error {
	if j.n.Source.LocalPath == "" {
		_, err := j.fetch(ctx, j.out.Version, artifact, false)
		return err
	}
	return j.upload(ctx, artifact, sum)
}

func (j *job) upload(ctx context.Context, artifact, sum string) error {
	name := "upload " + artifact
	source, err := os.Open(filepath.Join(j.n.Source.LocalPath, artifact))
	if err != nil {
		return j.errorf(localKind(err), name, "%w", err)
	}
	defer func() { _ = source.Close() }()
	info, err := source.Stat()
	if err != nil {
		return j.errorf(fault.Invalid, name, "%w", err)
	}
	return j.h.Upload(ctx, host.UploadFile{
		Source: source, Size: info.Size(), SHA256: sum, Path: stageDir(j.prefix) + "/" + artifact, Mode: 0o600,
	})
}

func localKind(err error) fault.Kind {
	if os.IsNotExist(err) {
		return fault.NotFound
	}
	return fault.Invalid
}

// unpack verifies the archive where it will be used and unpacks it in the working directory.
func (j *job) unpack(ctx context.Context, archive, sum string) error {
	name := "unpack " + archive
	answer, err := run(ctx, j.h, script{name: name, file: "unpack.sh", env: map[string]string{
		"STAGE": stageDir(j.prefix), "NAME": archive, "SUM": sum,
	}})
	if err != nil {
		return err
	}
	switch verdict := answer.Value("verdict"); verdict {
	case "ok":
	case "checksum":
		return j.errorf(fault.Integrity, name, "its sha256 is %s and %s promises %s: nothing was installed", answer.Value("sum"), sumsName(j.arch), sum)
	case "space":
		return j.errorf(fault.NoSpace, name, "no space left: it needs %d MiB and %s has %d MiB free; nothing was installed",
			number(answer.Value("need_kib"))/1024+1, j.prefix, number(answer.Value("free_kib"))/1024)
	case "layout":
		return j.errorf(fault.Invalid, name, "it has no %s, so it is no release of RKE2", answer.Value("absent"))
	default:
		kind := fault.Command
		if hostscript.NoSpace(answer.Value("error")) {
			kind = fault.NoSpace
		}
		return j.errorf(kind, name, "%s", orNothing(answer.Value("error")))
	}
	return j.stagedVersion(name, answer)
}

// stagedVersion compares the program that was unpacked with what was asked for. A directory of artifacts without a
// version decides here which one it is.
func (j *job) stagedVersion(name string, answer hostscript.Answer) error {
	found := answer.Value("version")
	if _, err := ParseVersion(found); err != nil {
		return j.errorf(fault.Invalid, name, "the program in it does not tell its version: %s", orNothing(answer.Value("error")))
	}
	if j.out.Version == "" {
		j.out.Version = found
		if err := j.refusal(name, mayReplace(j.n, j.out.Observed, found)); err != nil {
			return err
		}
	}
	if found != j.out.Version {
		return j.errorf(fault.Integrity, name, "the program in it is %s, not %s: nothing was installed", found, j.out.Version)
	}
	j.sum = answer.Value("sum")
	return nil
}
