package lab

import (
	"context"
	"errors"
)

// ControlPlanePath is where every host sees the lab's control plane binary.
const ControlPlanePath = "/usr/libexec/lab/lab-controlplane"

// ErrNoControlPlane says that the control plane binary has not been built.
var ErrNoControlPlane = errors.New("the lab's control plane has not been built: run test/lab/controlplane/build.sh, or name the binary in LAB_CONTROLPLANE")

func controlPlane() program {
	return program{
		what: "control plane", binary: "lab-controlplane", folders: "controlplane-*", module: "controlplane",
		named: "LAB_CONTROLPLANE", missing: ErrNoControlPlane,
	}
}

// FindControlPlane returns the path of the control plane binary: $LAB_CONTROLPLANE, else the newest in the cache, else
// ErrNoControlPlane.
func FindControlPlane() (string, error) { return controlPlane().find() }

// BuildControlPlane builds the control plane when it is not in the cache (about ten minutes the first time) and returns the path
// of the binary. LAB_CONTROLPLANE names one that is used instead. Without the sources it is FindControlPlane.
func BuildControlPlane(ctx context.Context, progress func(string)) (string, error) {
	return controlPlane().build(ctx, progress)
}
