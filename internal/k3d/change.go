package k3d

import (
	"context"
	_ "embed"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/dxlab/terraform-provider-lab/internal/download"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

//go:embed scripts/tool.sh
var toolScript string

//go:embed scripts/create.sh
var createScript string

//go:embed scripts/start.sh
var startScript string

//go:embed scripts/kubeconfig.sh
var kubeconfigScript string

//go:embed scripts/delete.sh
var deleteScript string

// Options say how a change is made. The zero value is usable.
type Options struct {
	// Adopt takes over a cluster of this name that is there already.
	Adopt bool
	// LockWait is how long to wait for another run that changes the same machine; Holder tells that one who we are.
	LockWait time.Duration
	Holder   string
	// OnStep is called with the name of each step before it begins; it may be nil.
	OnStep func(step string)
}

func (o Options) step(name string) {
	if o.OnStep != nil {
		o.OnStep(name)
	}
}

// Outcome is what a change did and what is there now. It is filled as far as the work came, also beside an error.
type Outcome struct {
	Observed Observed
	// Tool is the SHA-256 sum of the k3d that we put there, empty where it was somebody else's.
	Tool string
	// Touched says that the machine carries something of the cluster.
	Touched bool
}

const (
	lockName = "k3d"
	// releaseTimeout bounds what is still done after a cancel.
	releaseTimeout = 10 * time.Second
	// binDir is where k3d's own installer puts it.
	binDir = "/usr/local/bin"
)

// oldest is the first k3d that reads the configuration (k3d:CHANGELOG.md, v5.5.0: config v1alpha5).
var oldest = semver.MustParse("5.5.0")

// Create makes a cluster and writes its kubeconfig for root alone.
func Create(ctx context.Context, h Host, c Cluster, o Options) (out Outcome, err error) {
	if err := c.Validate(); err != nil {
		return out, err
	}
	err = locked(ctx, h, o, func(ctx context.Context) error { return create(ctx, h, c, o, &out) })
	return out, err
}

func create(ctx context.Context, h Host, c Cluster, o Options, out *Outcome) error {
	if err := prepare(ctx, h, c, o, out); err != nil {
		return err
	}
	if out.Observed.Found && !o.Adopt {
		return fault.Newf(fault.Conflict, "host %s has a k3d cluster %s already: give this one another name, import it, or adopt it", h, c.Name)
	}
	if !out.Observed.Found {
		config, err := c.Config()
		if err != nil {
			return err
		}
		o.step("make the cluster")
		if _, err := h.WriteFile(ctx, host.File{Path: configPath(c.Name), Content: config, Mode: 0o600}); err != nil {
			return err
		}
		out.Touched = true
		if err := do(ctx, h, "make cluster "+c.Name, createScript, map[string]string{"CONFIG": configPath(c.Name)}); err != nil {
			return err
		}
	}
	out.Touched = true
	return finish(ctx, h, c, o, out)
}

// Start starts a cluster that stands still, and writes its kubeconfig again.
func Start(ctx context.Context, h Host, c Cluster, o Options) (out Outcome, err error) {
	out.Touched = true
	err = locked(ctx, h, o, func(ctx context.Context) error {
		if err := prepare(ctx, h, c, o, &out); err != nil {
			return err
		}
		if !out.Observed.Found {
			return fault.Newf(fault.NotFound, "host %s has no k3d cluster %s any more", h, c.Name)
		}
		return finish(ctx, h, c, o, &out)
	})
	return out, err
}

// prepare makes sure of Docker and k3d and looks at the cluster.
func prepare(ctx context.Context, h Host, c Cluster, o Options, out *Outcome) (err error) {
	o.step("look at Docker and k3d")
	if out.Observed, err = look(ctx, h, c.Name, c.Network); err != nil {
		return err
	}
	if err := out.Observed.ready(h); err != nil {
		return err
	}
	outdated := out.Observed.ours != "" && c.Tool.Version != "" && c.Tool.Version != out.Observed.Version
	if out.Observed.path == "" || outdated {
		o.step("install k3d")
		if err := installTool(ctx, h, c.Tool, out.Observed.uname); err != nil {
			return err
		}
		if out.Observed, err = look(ctx, h, c.Name, c.Network); err != nil {
			return err
		}
	}
	out.Tool = out.Observed.ours
	if out.Observed.refusal != "" {
		return fault.Newf(fault.Command, "asking k3d on host %s: %s", h, out.Observed.refusal)
	}
	if v, err := semver.NewVersion(out.Observed.Version); err == nil && v.LessThan(oldest) {
		return fault.Newf(fault.Invalid, "host %s has k3d %s, and this needs v%s or newer: upgrade it, or remove it to have one installed", h, out.Observed.Version, oldest)
	}
	return nil
}

func installTool(ctx context.Context, h Host, w download.Wanted, uname string) error {
	arch, err := download.Arch(uname)
	if err != nil {
		return err
	}
	stage := binDir + "/.terraform-provider-lab"
	env := map[string]string{"STAGE": stage, "FROM": "", "MOVE": "", "TO": binDir + "/k3d", "MARK": markFile}
	if err := do(ctx, h, "make a working directory", toolScript, env); err != nil {
		return err
	}
	staged, stageErr := download.Stage(ctx, h, w, arch, stage, "")
	env["FROM"], env["MOVE"] = staged.Path, "yes"
	if stageErr != nil {
		env["FROM"] = stage
		env["MOVE"] = ""
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	err = do(after, h, "put k3d into place", toolScript, env)
	if stageErr != nil {
		return stageErr
	}
	return err
}

// finish starts what stands still, writes the kubeconfig and looks again.
func finish(ctx context.Context, h Host, c Cluster, o Options, out *Outcome) (err error) {
	if seen := out.Observed; seen.Found && (seen.ServersRunning < seen.Servers || seen.AgentsRunning < seen.Agents) {
		o.step("start the cluster")
		if err := do(ctx, h, "start cluster "+c.Name, startScript, map[string]string{"NAME": c.Name}); err != nil {
			return err
		}
	}
	o.step("write the kubeconfig")
	if err := do(ctx, h, "write the kubeconfig of "+c.Name, kubeconfigScript, map[string]string{"NAME": c.Name, "FILE": KubeconfigPath(c.Name)}); err != nil {
		return err
	}
	out.Observed, err = look(ctx, h, c.Name, c.Network)
	return err
}

// Delete takes a cluster away with everything in it, and k3d as well when it was put there for it and serves no other.
// What is gone already is no error.
func Delete(ctx context.Context, h Host, c Cluster, o Options) error {
	return locked(ctx, h, o, func(ctx context.Context) error {
		seen, err := look(ctx, h, c.Name, c.Network)
		if err != nil {
			return err
		}
		if seen.docker != "missing" {
			var out Outcome
			if err := prepare(ctx, h, c, o, &out); err != nil {
				return err
			}
			seen = out.Observed
		}
		env := map[string]string{"NAME": c.Name, "FOUND": "", "FOLDER": stateDir + "/" + c.Name, "TOOL": binDir + "/k3d", "SUM": seen.ours, "MARK": markFile, "OTHERS": ""}
		if seen.Found {
			env["FOUND"] = "yes"
			seen.Clusters--
		}
		if seen.Clusters > 0 {
			env["OTHERS"] = "yes"
		}
		o.step("delete the cluster")
		return do(ctx, h, "delete cluster "+c.Name, deleteScript, env)
	})
}

// do runs a script that says nothing but, when it fails, why.
func do(ctx context.Context, h Host, name, body string, env map[string]string) error {
	answer, err := hostscript.Run(ctx, h, hostscript.Script{Name: name, Body: body, Env: env, Sudo: true})
	if err != nil {
		return err
	}
	if said := answer.Blob("error"); said != nil {
		return &fault.CommandError{Name: name, Host: h.String(), Code: 1, Stderr: string(said)}
	}
	return nil
}

// locked holds the machine's lock while clusters change: two at once would ask for the same ports and networks.
func locked(ctx context.Context, h Host, o Options, work func(context.Context) error) (err error) {
	lock, err := h.Lock(ctx, host.LockOptions{Name: lockName, Holder: o.Holder, Wait: o.LockWait})
	if err != nil {
		return err
	}
	defer func() {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		defer cancel()
		if releaseErr := lock.Release(after); err == nil {
			err = releaseErr
		}
	}()
	return work(ctx)
}
