package rke2

import (
	"context"
	"time"
)

// Install makes a machine the node, from whatever state an earlier run left it in: what is there already is neither
// fetched nor restarted again. The machine's lock is held. An RKE2 of somebody else is of kind fault.Conflict unless
// Options.Adopt is set. Beside an error the outcome tells how far it came.
func Install(ctx context.Context, h Host, n Node, o Options) (Outcome, error) {
	if err := n.Validate(); err != nil {
		return Outcome{}, err
	}
	j := newJob(h, n, o)
	err := locked(ctx, h, o, func(ctx context.Context) error {
		return j.do(ctx, j.converge(j.takeStock)...)
	})
	return j.out, err
}

// converge is the whole way to a node; takeStock tells whether it may be gone from what was found.
func (j *job) converge(takeStock func(context.Context) error) []step {
	return []step{
		{"read RKE2", j.read},
		{"take stock", takeStock},
		{"check the machine", j.preflight},
		{"choose the version", j.choose},
		{"stage the release", j.stage},
		{"note what is about to change", j.mark},
		{"put the release into place", j.place},
		{"write the configuration", j.configure},
		{"hand over the join token", j.giveToken},
		{"set the registries", j.setRegistries},
		{"start the unit", j.start},
		{"note that all is done", j.finish},
		{"read RKE2 again", j.read},
	}
}

func (j *job) read(ctx context.Context) error {
	observed, err := Read(ctx, j.h, j.n)
	if err != nil {
		return err
	}
	j.out.Observed = observed
	return nil
}

// takeStock decides whether what was found may become the node.
func (j *job) takeStock(context.Context) error {
	o := j.out.Observed
	j.out.Warnings = nil
	if err := j.refusal("take stock", mayInstall(j.n, o, j.o.Adopt)); err != nil {
		return err
	}
	j.out.Touched = o.ByUs
	j.out.Adopted = j.o.Adopt && o.Installed && !o.ByUs
	return nil
}

func (j *job) preflight(ctx context.Context) error {
	facts, err := survey(ctx, j.h, j.n)
	if err != nil {
		return err
	}
	warnings, err := facts.check(j.n, j.out.Observed, time.Now())
	if !j.out.Observed.Complete {
		j.out.Warnings = append(j.out.Warnings, warnings...)
	}
	if err := j.refusal("check the machine", err); err != nil {
		return err
	}
	j.arch, j.prefix = archName(facts.arch), facts.prefix()
	if j.out.Observed.Prefix != "" && j.out.Observed.Prefix != rpmPrefix {
		j.prefix = j.out.Observed.Prefix
	}
	return nil
}

// choose settles the version and with it what has to be done.
func (j *job) choose(ctx context.Context) error {
	o := j.out.Observed
	version := o.Version
	if !keepsVersion(j.n, o) {
		var err error
		if version, err = ResolveVersion(ctx, j.h, j.n); err != nil {
			return err
		}
	}
	if version != "" {
		if err := j.refusal("choose the version", mayReplace(j.n, o, version)); err != nil {
			return err
		}
	}
	j.out.Version = version
	var err error
	if j.want, err = j.n.wanted(); err != nil {
		return err
	}
	j.change = decide(j.n, o, j.want, version)
	return nil
}

// keepsVersion reports whether a node stays with the release that it has: one that is taken over does, and one that
// asks for nothing, or for the channel that chose its release. A channel moves on by itself; the node follows when
// another channel is asked for, or a version.
func keepsVersion(n Node, o Observed) bool {
	if n.Version != "" || o.Version == "" {
		return false
	}
	return !o.ByUs || o.Complete && (n.Channel == "" || n.Channel == o.marker.Channel)
}

// finish notes that the node is whole.
func (j *job) finish(ctx context.Context) error {
	m := j.out.Observed.marker
	m.Complete, m.Applied, m.Registries = true, j.want.hash, j.want.registriesHash()
	return j.writeMarker(ctx, m)
}
