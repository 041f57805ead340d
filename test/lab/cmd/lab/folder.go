package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	lab "github.com/dxlab/terraform-provider-lab/test/lab"
)

// folder is a lab's folder, and what it says about the lab.
type folder string

// Names of the files that the command itself keeps in the folder.
const (
	stateFile  = "lab.json"
	logFile    = "lab.log"
	socketFile = "control"
	consoles   = "consoles"

	kubeconfigPrefix = "kubeconfig-" // of a server; the host's name follows
)

// state is what is known about a running lab.
type state struct {
	PID        int               `json:"pid,omitempty"`     // of the lab's first process
	Started    string            `json:"started,omitempty"` // its start time, in the kernel's ticks: a later process may get the same PID
	ID         string            `json:"id,omitempty"`      // in the names of its control groups; it and the rest is not there before the lab is usable
	Hosts      []hostState       `json:"hosts,omitempty"`
	Cluster    *clusterState     `json:"cluster,omitempty"`    // the lab's own
	Env        map[string]string `json:"env,omitempty"`        // for processes inside
	Containers bool              `json:"containers,omitempty"` // of the lab's images really run
	Ports      map[int]int       `json:"ports,omitempty"`      // of hosts, on this machine, by those on the lab's network
}

type hostState struct {
	Name    string `json:"name"`
	Address string `json:"address"` // on the lab's network
	Outside string `json:"outside"` // on this machine
	Running bool   `json:"running"`
}

type clusterState struct {
	Address string `json:"address"` // and port of the API, on the lab's network
	Outside string `json:"outside"` // on this machine
	Running bool   `json:"running"`
}

// dirFlag adds --dir to a command's flags.
func dirFlag(flags *flag.FlagSet) *string {
	return flags.String("dir", ".lab", "folder of the lab")
}

// parse reads a command's flags; what is left are its arguments.
func parse(flags *flag.FlagSet, args []string, arguments func(int) bool) error {
	flags.SetOutput(os.Stderr)
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if !arguments(flags.NArg()) {
		return errUsage
	}
	return nil
}

func openFolder(path string) (folder, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("finding the lab's folder: %w", err)
	}
	return folder(absolute), nil
}

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

// lock keeps other lab commands away from the folder, which it makes when it is not there.
func (f folder) lock(ctx context.Context) (unlock func(), err error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := os.MkdirAll(string(f), 0o755); err != nil {
			return nil, fmt.Errorf("making the lab's folder: %w", err)
		}
		file, err := os.Open(string(f))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("opening the lab's folder: %w", err)
		}
		if err == nil && syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && f.is(file) {
			return func() { _ = file.Close() }, nil
		}
		_ = file.Close()
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for another lab command on %s: %w", f, ctx.Err())
		case <-tick.C:
		}
	}
}

// is tells whether file is still the folder: another command may have removed it.
func (f folder) is(file *os.File) bool {
	opened, err1 := file.Stat()
	there, err2 := os.Stat(string(f))
	return err1 == nil && err2 == nil && os.SameFile(opened, there)
}

// read returns what the folder says; ok is false when no lab was started here or it is gone.
func (f folder) read() (s state, ok bool, err error) {
	text, err := os.ReadFile(f.path(stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("reading the lab's state: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, false, fmt.Errorf("reading the lab's state %s: %w", f.path(stateFile), err)
	}
	return s, s.alive(), nil
}

// running returns the state of a lab that must be running.
func (f folder) running() (state, error) {
	s, ok, err := f.read()
	if err == nil && !ok {
		err = fmt.Errorf("no lab is running in %s: run lab up --dir %s", f, f)
	}
	return s, err
}

// claim makes the folder a lab's. One that holds something else is refused: commands remove files from it by their names.
func (f folder) claim() error {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return fmt.Errorf("looking into the lab's folder: %w", err)
	}
	if _, err := os.Stat(f.path(stateFile)); err != nil && len(entries) > 0 {
		return fmt.Errorf("%s holds other files: choose an empty folder for the lab", f)
	}
	if err := f.removeFiles(); err != nil {
		return err
	}
	if err := os.MkdirAll(f.path(consoles), 0o755); err != nil {
		return fmt.Errorf("making the lab's folder: %w", err)
	}
	return f.write(state{})
}

func (f folder) write(s state) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the lab's state: %w", err)
	}
	partial := f.path(stateFile + ".new")
	if err := os.WriteFile(partial, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the lab's state: %w", err)
	}
	if err := os.Rename(partial, f.path(stateFile)); err != nil {
		return fmt.Errorf("writing the lab's state: %w", err)
	}
	return nil
}

// remove removes the files of a lab, and the folder when nothing else is in it. A folder that is not a lab's stays as it is.
func (f folder) remove() error {
	if _, err := os.Stat(f.path(stateFile)); err == nil {
		if err := f.removeFiles(); err != nil {
			return err
		}
	}
	err := os.Remove(string(f))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return fmt.Errorf("removing the lab's folder: %w", err)
	}
	return nil
}

// removeFiles removes the file that makes the folder a lab's as the last one, so that an interrupted removal can go on.
func (f folder) removeFiles() error {
	if err := os.RemoveAll(f.path(consoles)); err != nil {
		return fmt.Errorf("removing the lab's files: %w", err)
	}
	entries, err := os.ReadDir(string(f))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking into the lab's folder: %w", err)
	}
	names := lab.Files()
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), kubeconfigPrefix) {
			names = append(names, entry.Name())
		}
	}
	for _, name := range append(names, logFile, socketFile, stateFile+".new", stateFile) {
		if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the lab's files: %w", err)
		}
	}
	return nil
}

// alive tells whether the lab's first process is there and is the same that was started.
func (s state) alive() bool {
	started, running := process(s.PID)
	return running && started == s.Started
}

// process returns the start time of a process in ticks after the machine's boot, and whether it runs.
func process(pid int) (started string, running bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", false
	}
	// the name, in parentheses, may hold anything; the state is the first field after it, the start time the 20th
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return "", false
	}
	// a first thread that has ended is a zombie already while others, and with them the whole sandbox, are still ending
	threads, _ := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	return fields[19], fields[0] != "Z" && fields[0] != "X" || len(threads) > 1
}
