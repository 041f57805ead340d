// Package cgroup knows the control groups of a machine (version 1, 2 or both): it gives each test host a group of its own in every
// hierarchy, kills all that runs in it at once, and finds groups that a killed run left behind.
package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Group is a named group below the calling process's own group in every hierarchy. Without one of their own all hosts would
// share systemd-nspawn's "payload" group and disturb each other.
type Group struct {
	dirs    []string
	cpuset  map[string]bool
	unified string
}

// New prepares the group called name; nothing is made before Create.
func New(name string) (*Group, error) {
	trees, err := hierarchies()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("finding the own control groups: %w", err)
	}
	g := &Group{cpuset: map[string]bool{}}
	for _, tree := range trees {
		parent, ok := own(tree, strings.Split(strings.TrimSpace(string(text)), "\n"))
		if !ok {
			continue
		}
		dir := filepath.Join(parent, name)
		g.dirs = append(g.dirs, dir)
		g.cpuset[dir] = tree.has("cpuset")
		if tree.unified() {
			g.unified = dir
		}
	}
	return g, nil
}

// Dirs are the folders of the group, one a hierarchy.
func (g *Group) Dirs() []string { return g.dirs }

// Create makes the group; what is there already stays.
func (g *Group) Create() error {
	for _, dir := range g.dirs {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("making a control group: %w", err)
		}
		if !g.cpuset[dir] {
			continue
		}
		// a new version 1 cpuset is empty and takes no process before it has processors and memory nodes
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			value, err := os.ReadFile(filepath.Join(filepath.Dir(dir), name))
			if err != nil {
				return fmt.Errorf("reading the parent's %s: %w", name, err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), value, 0o644); err != nil {
				return fmt.Errorf("setting %s: %w", name, err)
			}
		}
	}
	return nil
}

// Kill ends every process of the group with SIGKILL.
func (g *Group) Kill() error {
	if g.unified != "" {
		err := os.WriteFile(filepath.Join(g.unified, "cgroup.kill"), []byte("1"), 0o644)
		if err == nil {
			return nil
		}
	}
	// before Linux 5.14, or without the unified tree, there is no cgroup.kill
	var errs []error
	for _, pid := range g.pids() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("killing process %d: %w", pid, err))
		}
	}
	return errors.Join(errs...)
}

// pids are the processes in the group and its children, of all hierarchies.
func (g *Group) pids() []int {
	var pids []int
	for _, dir := range g.dirs {
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return fs.SkipDir // gone meanwhile
			}
			if !entry.IsDir() {
				return nil
			}
			text, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
			for _, field := range strings.Fields(string(text)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
					pids = append(pids, pid)
				}
			}
			return nil
		})
	}
	return pids
}

// Remove removes the group. Killed processes leave it a moment later, so it tries until ctx ends.
func (g *Group) Remove(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var errs []error
		for _, dir := range g.dirs {
			errs = append(errs, remove(dir))
		}
		err := errors.Join(errs...)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("removing control groups: %w", err)
		case <-tick.C:
		}
	}
}

// Sweep removes the groups whose names match and in which no process is left, wherever in the hierarchies they are.
// It returns those that could not be removed.
func Sweep(match func(name string) bool) (left []string, err error) {
	trees, err := hierarchies()
	if err != nil {
		return nil, err
	}
	for _, tree := range trees {
		err := filepath.WalkDir(tree.mount, func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !entry.IsDir() || !match(entry.Name()) {
				return nil
			}
			if remove(path) != nil {
				left = append(left, path)
			}
			return fs.SkipDir
		})
		if err != nil {
			return left, fmt.Errorf("looking for control groups: %w", err)
		}
	}
	return left, nil
}

// remove removes a group and the groups below it; a group with a process in it cannot be removed.
func remove(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := remove(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", dir, err)
	}
	return nil
}
