package bench_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sampling is how often the memory of the providers is looked at. The kernel keeps the peak (VmHWM) itself, so that only
// growth in the last moments of a process can be missed.
const sampling = 25 * time.Millisecond

// peaks returns the peak memory in bytes of each provider that Terraform starts, by the name of its binary, until ctx ends.
func peaks(ctx context.Context, terraform int) map[string]int64 {
	found := map[string]int64{}
	ticker := time.NewTicker(sampling)
	defer ticker.Stop()
	for {
		for _, pid := range children(terraform) {
			name, peak := memory(pid)
			if at := strings.Index(name, "terraform-provider-"); at >= 0 {
				name, _, _ = strings.Cut(name[at:], "_v")
				found[name] = max(found[name], peak)
			}
		}
		select {
		case <-ctx.Done():
			return found
		case <-ticker.C:
		}
	}
}

// children are the processes that any thread of a process has started.
func children(pid int) []int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var pids []int
	for _, list := range lists {
		raw, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range bytes.Fields(raw) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// memory returns the binary's path and the peak resident memory of a process, nothing when it has ended.
func memory(pid int) (name string, peak int64) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "", 0
	}
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return "", 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err == nil {
				peak = kib << 10
			}
		}
	}
	name, _, _ = strings.Cut(string(command), "\x00")
	return filepath.Base(name), peak
}
