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

// errNoBinary says what to do when there is no control plane to run.
var errNoBinary = errors.New("no control plane binary: set LAB_CONTROLPLANE or run test/lab/controlplane/build.sh")

// binary finds lab-controlplane: the file that LAB_CONTROLPLANE names, else the newest in the lab's cache. The error is errNoBinary when
// there is none.
func binary() (string, error) {
	if path := os.Getenv("LAB_CONTROLPLANE"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("looking for LAB_CONTROLPLANE: %w", err)
		}
		return path, nil
	}
	root, err := cacheRoot()
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(root, "controlplane-*", "lab-controlplane"))
	if err != nil {
		return "", fmt.Errorf("looking for the control plane binary: %w", err)
	}
	infos := map[string]fs.FileInfo{}
	for _, path := range found {
		if info, err := os.Stat(path); err == nil {
			infos[path] = info
		}
	}
	found = slices.DeleteFunc(found, func(path string) bool { return infos[path] == nil })
	if len(found) == 0 {
		return "", errNoBinary
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
