package kubetest

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// errNoBinary says what to do when there is no control plane to run, errNoKubernetes when there is none of the release that is asked for.
var (
	errNoBinary     = errors.New("no control plane binary: set LAB_CONTROLPLANE or run test/lab/controlplane/build.sh")
	errNoKubernetes = errors.New("no binary of Kubernetes 1.24: unset LAB_KUBERNETES or run test/lab/controlplane124/build.sh")
)

// binaries are what a control plane is run from.
type binaries struct {
	controlPlane string
	kubernetes   string // of an older release, "" for the one in controlPlane
}

// find finds them. The error is errNoBinary or errNoKubernetes when one has not been built.
func find() (binaries, error) {
	controlPlane, err := binary()
	if err != nil {
		return binaries{}, err
	}
	kubernetes, err := olderKubernetes()
	return binaries{controlPlane: controlPlane, kubernetes: kubernetes}, err
}

// olderKubernetes finds the binary of the release that LAB_KUBERNETES names ("1.24"), the newest in the lab's cache; "" without a name.
func olderKubernetes() (string, error) {
	minor := os.Getenv("LAB_KUBERNETES")
	if minor == "" {
		return "", nil
	}
	return newest("kubernetes-"+minor+"-*", "lab-kubernetes", errNoKubernetes)
}

// binary finds lab-controlplane: the file that LAB_CONTROLPLANE names, else the newest in the lab's cache. The error is errNoBinary when
// there is none.
func binary() (string, error) {
	if path := os.Getenv("LAB_CONTROLPLANE"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("looking for LAB_CONTROLPLANE: %w", err)
		}
		return path, nil
	}
	return newest("controlplane-*", "lab-controlplane", errNoBinary)
}

// newest finds the file of a name in the newest of the lab's cached folders; missing is the error when there is none.
func newest(folders, name string, missing error) (string, error) {
	root, err := cacheRoot()
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(root, folders, name))
	if err != nil {
		return "", fmt.Errorf("looking for %s: %w", name, err)
	}
	infos := map[string]fs.FileInfo{}
	for _, path := range found {
		if info, err := os.Stat(path); err == nil {
			infos[path] = info
		}
	}
	found = slices.DeleteFunc(found, func(path string) bool { return infos[path] == nil })
	if len(found) == 0 {
		return "", missing
	}
	return slices.MaxFunc(found, func(a, b string) int {
		return cmp.Compare(infos[a].ModTime().UnixNano(), infos[b].ModTime().UnixNano())
	}), nil
}

// cacheRoot is where the test lab keeps what it builds.
func cacheRoot() (string, error) {
	if root := os.Getenv("LAB_CACHE"); root != "" {
		return root, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("looking for the lab's cache: %w", err)
	}
	return filepath.Join(base, "terraform-provider-lab"), nil
}
