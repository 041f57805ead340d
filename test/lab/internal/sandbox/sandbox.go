// Package sandbox knows how to run this program once more in mount, network and pid namespaces of its own. All that is started
// in there (processes, mounts, interfaces) ends with the sandbox's first process, however that one ends.
package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/internal/alive"
)

// The program runs three times: outside, as the sandbox's first process (which only sets up and reaps), and inside.
const (
	roleVariable  = "LAB_SANDBOX_ROLE"
	idVariable    = "LAB_SANDBOX_ID"
	filesVariable = "LAB_SANDBOX_FILES"

	roleInit   = "init"
	roleInside = "inside"
)

// StateDir is a folder in the sandbox's own memory: nobody outside sees it and it is gone with the sandbox.
const StateDir = "/run/lab"

// Options say how the program is run again.
type Options struct {
	Mark  *alive.Mark // held by the sandbox as long as it lives
	Args  []string    // arguments of the program, without its name
	Files []*os.File  // handed to the program inside: File(0), File(1)...
	Tied  bool        // the sandbox is killed when the calling thread ends; lock the goroutine to its thread
}

// Command prepares the run of this program in a new sandbox. The caller sets Stdin, Stdout, Stderr and starts it.
func Command(o Options) (*exec.Cmd, error) {
	network, err := os.Open("/proc/self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("opening the own network namespace: %w", err)
	}
	cmd := exec.Command("/proc/self/exe", o.Args...) //nolint:noctx // the sandbox may outlive every context of its starter
	cmd.Env = append(os.Environ(), roleVariable+"="+roleInit, idVariable+"="+o.Mark.ID,
		filesVariable+"="+strconv.Itoa(1+len(o.Files)))
	cmd.ExtraFiles = append([]*os.File{o.Mark.File, network}, o.Files...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID}
	if o.Tied {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	} else {
		cmd.SysProcAttr.Setsid = true
	}
	return cmd, nil
}

// Inside is what the program knows when it runs in a sandbox.
type Inside struct {
	ID    string   // of the sandbox, see alive.Mark
	outer *os.File // network namespace of the program's starter
	files []*os.File
}

// Enter must be the first call of a program that uses Command. Outside it returns nil. As a sandbox's first process it never
// returns.
func Enter() *Inside {
	switch os.Getenv(roleVariable) {
	case roleInit:
		os.Exit(runInit())
	case roleInside:
	default:
		return nil
	}
	inside := &Inside{ID: os.Getenv(idVariable), outer: os.NewFile(firstFile, "outer network")}
	count, _ := strconv.Atoi(os.Getenv(filesVariable))
	for i := 1; i < count; i++ {
		inside.files = append(inside.files, os.NewFile(uintptr(firstFile+i), "file "+strconv.Itoa(i)))
	}
	for i := range count {
		syscall.CloseOnExec(firstFile + i)
	}
	// a child of this program is no sandbox of its own
	for _, name := range []string{roleVariable, idVariable, filesVariable} {
		_ = os.Unsetenv(name)
	}
	return inside
}

// firstFile is the first descriptor after standard input, output and error.
const firstFile = 3

// File is the i-th of Options.Files.
func (s *Inside) File(i int) *os.File { return s.files[i] }
