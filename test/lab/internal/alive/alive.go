// Package alive knows which labs of this machine are running: each holds a locked file for as long as its processes live, so
// that what a killed one left behind can be told from what belongs to a running one.
package alive

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/cache"
)

// Mark is the sign of life of one running lab.
type Mark struct {
	ID   string   // short, unique, lower-case letters and digits
	File *os.File // locked; the lab lives while any process has it open
}

const suffix = ".alive"

func folder() (string, error) {
	root, err := cache.Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "running")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the folder of running labs: %w", err)
	}
	return dir, nil
}

// New makes the mark of a new lab. The caller hands Mark.File down to the lab's processes.
func New() (*Mark, error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	random := make([]byte, 5)
	_, _ = rand.Read(random)
	id := hex.EncodeToString(random)
	// locked under another name first: a sweep that runs now must not see the file without its lock
	path := filepath.Join(dir, id+suffix)
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("making the mark of a running lab: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("locking the mark of a running lab: %w", err), file.Close())
	}
	if err := os.Rename(path+".new", path); err != nil {
		return nil, errors.Join(fmt.Errorf("making the mark of a running lab: %w", err), file.Close())
	}
	return &Mark{ID: id, File: file}, nil
}

// Look returns the IDs of the labs that live and of those that have died since the last look, whose marks it removes. Processes of
// the latter may still be about to end.
func Look() (running, dead map[string]bool, err error) {
	dir, err := folder()
	if err != nil {
		return nil, nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("listing the running labs: %w", err)
	}
	running, dead = map[string]bool{}, map[string]bool{}
	for _, entry := range entries {
		id, ok := strings.CutSuffix(entry.Name(), suffix)
		if !ok {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		held, err := locked(path)
		if err != nil {
			return nil, nil, err
		}
		if held {
			running[id] = true
			continue
		}
		dead[id] = true
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("removing the mark of a dead lab: %w", err)
		}
	}
	return running, dead, nil
}

func locked(path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking at the mark of a lab: %w", err)
	}
	defer func() { _ = file.Close() }()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking at the mark of a lab: %w", err)
	}
	return false, nil
}

// Close ends the mark.
func (m *Mark) Close() error {
	dir, err := folder()
	if err != nil {
		return errors.Join(err, m.File.Close())
	}
	return errors.Join(os.Remove(filepath.Join(dir, m.ID+suffix)), m.File.Close())
}
