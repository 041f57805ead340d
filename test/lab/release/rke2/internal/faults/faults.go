// Package faults knows how the stand-in can be told to misbehave, so that tests see what a broken RKE2 looks like.
package faults

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v2"
)

// Faults are the ways to misbehave. The zero value behaves.
type Faults struct {
	// CrashBeforeReady ends the program with an error this many times before it is ready; negative means always.
	CrashBeforeReady int
	// NeverReady keeps the program starting for ever: the supervisor answers, the control plane is never started.
	NeverReady bool
	// ReadyDelay holds the readiness message back.
	ReadyDelay time.Duration
	// IgnoreSIGTERM lets only SIGKILL end the program.
	IgnoreSIGTERM bool
	// CrashAfter ends the program with an error this long after it became ready.
	CrashAfter time.Duration
	// SilentNode stops the node's heartbeats while the service stays active.
	SilentNode bool
}

// Load reads the faults from a file, which may be absent, and from the environment, which wins: LAB_FAULT_NEVER_READY=true and
// so on, named after the keys of the file.
func Load(file string, getenv func(string) string) (Faults, error) {
	values := map[string]string{}
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Faults{}, err
	}
	if err := yaml.Unmarshal(content, &values); err != nil {
		return Faults{}, fmt.Errorf("%s: %w", file, err)
	}
	for _, key := range []string{"crash-before-ready", "never-ready", "ready-delay", "ignore-sigterm", "crash-after", "silent-node"} {
		if v := getenv("LAB_FAULT_" + strings.ToUpper(strings.ReplaceAll(key, "-", "_"))); v != "" {
			values[key] = v
		}
	}
	return parse(values)
}

func parse(values map[string]string) (Faults, error) {
	var f Faults
	for key, v := range values {
		var err error
		switch key {
		case "crash-before-ready":
			f.CrashBeforeReady, err = strconv.Atoi(v)
		case "never-ready":
			f.NeverReady, err = strconv.ParseBool(v)
		case "ignore-sigterm":
			f.IgnoreSIGTERM, err = strconv.ParseBool(v)
		case "silent-node":
			f.SilentNode, err = strconv.ParseBool(v)
		case "ready-delay":
			f.ReadyDelay, err = time.ParseDuration(v)
		case "crash-after":
			f.CrashAfter, err = time.ParseDuration(v)
		default:
			err = errors.New("no such fault")
		}
		if err != nil {
			return f, fmt.Errorf("fault %s: %w", key, err)
		}
	}
	return f, nil
}

// Crash counts one start in a file below dir and returns an error while starts are to fail. The count is kept where a reboot
// clears it.
func (f Faults) Crash(dir string) error {
	if f.CrashBeforeReady == 0 {
		return nil
	}
	file := filepath.Join(dir, "lab-rke2-crashes")
	content, _ := os.ReadFile(file)
	count, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	if f.CrashBeforeReady > 0 && count >= f.CrashBeforeReady {
		return nil
	}
	if err := os.WriteFile(file, []byte(strconv.Itoa(count+1)), 0o600); err != nil {
		return err
	}
	return fmt.Errorf("crash requested by fault crash-before-ready (start %d)", count+1)
}
