package cgroup

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// hierarchy is one mounted tree of control groups.
type hierarchy struct {
	mount       string   // where it is mounted
	controllers []string // of version 1: cpu, memory, name=systemd...; empty for the unified tree of version 2
}

func (h hierarchy) unified() bool { return len(h.controllers) == 0 }

func (h hierarchy) has(controller string) bool {
	for _, c := range h.controllers {
		if c == controller {
			return true
		}
	}
	return false
}

// hierarchies lists what is mounted, from the mount table: controllers may share a mount and need not lie below /sys/fs/cgroup.
func hierarchies() ([]hierarchy, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("reading the mount table: %w", err)
	}
	defer func() { _ = file.Close() }()
	var found []hierarchy
	seen := map[string]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 3 || seen[kind[0]+kind[2]] {
			continue
		}
		switch kind[0] {
		case "cgroup2":
			found = append(found, hierarchy{mount: fields[4]})
		case "cgroup":
			found = append(found, hierarchy{mount: fields[4], controllers: controllers(kind[2])})
		default:
			continue
		}
		seen[kind[0]+kind[2]] = true
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the mount table: %w", err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no control group hierarchy is mounted")
	}
	return found, nil
}

// controllers picks the controllers from the options of a version 1 mount ("rw,cpu,cpuacct", "rw,xattr,name=systemd").
func controllers(options string) []string {
	var names []string
	for _, option := range strings.Split(options, ",") {
		switch option {
		case "rw", "ro", "xattr", "noprefix", "clone_children":
		default:
			if !strings.HasPrefix(option, "release_agent=") {
				names = append(names, option)
			}
		}
	}
	return names
}

// own returns the folder of the calling process in h, by the lines of /proc/self/cgroup (id:controllers:path).
func own(h hierarchy, lines []string) (string, bool) {
	for _, line := range lines {
		part := strings.SplitN(line, ":", 3)
		if len(part) != 3 {
			continue
		}
		match := part[1] == "" && h.unified()
		for _, c := range strings.Split(part[1], ",") {
			match = match || (c != "" && h.has(c))
		}
		if match {
			return filepath.Join(h.mount, part[2]), true
		}
	}
	return "", false
}
