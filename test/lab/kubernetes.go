package lab

import (
	"context"
	"errors"
	"fmt"

	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

// KubernetesVariable names in the environment the Options.Kubernetes of New, for tests that run on either.
const KubernetesVariable = "LAB_KUBERNETES"

// Kubernetes124 is the release of the year 2023, the one older Kubernetes that a lab can run.
const Kubernetes124 = "1.24"

// ErrNoKubernetes says that the binary of an older Kubernetes has not been built.
var ErrNoKubernetes = errors.New("the lab's Kubernetes 1.24 has not been built: run test/lab/controlplane124/build.sh")

// kubernetes is the program with the components of an older Kubernetes.
func kubernetes(minor string) (program, error) {
	if minor != Kubernetes124 {
		return program{}, fmt.Errorf("there is no Kubernetes %q for the lab: want %s, or nothing for the control plane's own", minor, Kubernetes124)
	}
	return program{
		what: "Kubernetes " + minor, binary: "lab-kubernetes", folders: "kubernetes-" + minor + "-*", module: "controlplane124", missing: ErrNoKubernetes,
	}, nil
}

// KubernetesPath is where hosts see the binary of an older Kubernetes. The stand-in releases of that minor run it.
func KubernetesPath(minor string) string { return "/usr/libexec/lab/kubernetes-" + minor }

// FindKubernetes returns the path of the binary of an older Kubernetes ("1.24"), the newest in the cache, else ErrNoKubernetes.
func FindKubernetes(minor string) (string, error) {
	p, err := kubernetes(minor)
	if err != nil {
		return "", err
	}
	return p.find()
}

// BuildKubernetes builds an older Kubernetes ("1.24") when it is not in the cache (about ten minutes) and returns the path of the binary.
func BuildKubernetes(ctx context.Context, minor string, progress func(string)) (string, error) {
	p, err := kubernetes(minor)
	if err != nil {
		return "", err
	}
	return p.build(ctx, progress)
}

// findKubernetes completes the options of a lab that runs an older Kubernetes.
func (o *Options) findKubernetes() (err error) {
	if o.Kubernetes != "" && o.KubernetesBinary == "" {
		o.KubernetesBinary, err = FindKubernetes(o.Kubernetes)
	}
	return err
}

// binds are the files of this machine that every host sees.
func (o *Options) binds() []hosts.Bind {
	var binds []hosts.Bind
	if o.ControlPlane != "" {
		binds = append(binds, hosts.Bind{Source: o.ControlPlane, Target: ControlPlanePath})
	}
	if o.KubernetesBinary != "" {
		binds = append(binds, hosts.Bind{Source: o.KubernetesBinary, Target: KubernetesPath(o.Kubernetes)})
	}
	return append(binds, o.Host.Binds...)
}

// Release is the RKE2 release to install on a lab with an older Kubernetes ("1.24"), or with none (""), where a test has no reason for
// another one: the newest that runs that Kubernetes, or the stable one.
func Release(kubernetes string) string {
	channels := release.Channels(release.Versions())
	if kubernetes != "" {
		return channels["v"+kubernetes]
	}
	return channels["stable"]
}
