package rke2

import (
	"context"
	"errors"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// place moves the unpacked release to where it belongs.
func (j *job) place(ctx context.Context) error {
	if !j.change.place {
		return nil
	}
	const name = "put the release into place"
	_, err := run(ctx, j.h, script{name: name, file: "place.sh", env: map[string]string{
		"STAGE": stageDir(j.prefix), "PREFIX": j.prefix, "UNIT_DIR": unitDir(j.prefix),
	}})
	var failed *fault.CommandError
	if errors.As(err, &failed) && hostscript.NoSpace(failed.Stderr) {
		return j.errorf(fault.NoSpace, name, "%s", fault.Tail(failed.Stderr, 3))
	}
	if err == nil {
		j.out.Placed = true
	}
	return err
}

// mark notes on the machine what is about to change, before it does. From here on the machine carries something of
// ours.
func (j *job) mark(ctx context.Context) error {
	m := j.out.Observed.marker
	m.Version, m.Prefix = j.out.Version, j.prefix
	m.Channel = chosenBy(j.n, j.out.Observed)
	if j.sum != "" {
		m.SHA256 = j.sum
	}
	m.Adopted = m.Adopted || j.out.Adopted
	if j.change.restart || j.change.token || j.change.start && !j.out.Observed.Running() {
		m.Applied = ""
	}
	return j.writeMarker(ctx, m)
}

// chosenBy is the channel to note for a node: none for one that asks for a version, and the former one for a node that
// asks for nothing and keeps what it has.
func chosenBy(n Node, o Observed) string {
	switch {
	case n.Version != "" || n.Source.offline():
		return ""
	case n.Channel == "" && keepsVersion(n, o):
		return o.marker.Channel
	}
	return n.channel()
}

func (j *job) writeMarker(ctx context.Context, m marker) error {
	if j.out.Observed.ByUs && m == j.out.Observed.marker {
		return nil
	}
	content, err := m.encode()
	if err != nil {
		return err
	}
	j.out.Touched = true
	if _, err := j.h.WriteFile(ctx, host.File{Path: markerFile, Content: content, Mode: 0o600}); err != nil {
		return err
	}
	j.out.Observed.ByUs, j.out.Observed.marker = true, m
	return nil
}
