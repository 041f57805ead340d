package host

import (
	"fmt"
	"io"
	"path"
	"slices"

	"al.essio.dev/pkg/shellescape"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Command is something to run on a host: either Args or Script. Neither appears in errors, logs or, for Script and
// Env, in the host's process list; Args of course do appear there while the program runs.
type Command struct {
	// Name says in words what is being done, for errors and logs: "start rke2-server".
	Name string
	// Args are a program and its arguments, never interpreted by a shell.
	Args []string
	// Script is a POSIX shell script.
	Script string
	// Stdin is sent to the program; nil means an empty input.
	Stdin io.Reader
	// Sudo runs it as root, by whatever way the user has.
	Sudo bool
	// Env is set for the program, also behind sudo. LC_ALL=C is set unless it is here.
	Env map[string]string
	// AllowExit lists exit codes besides 0 that are answers and not failures.
	AllowExit []int
	// MaxOutput bounds each of stdout and stderr in bytes, default 1 MiB; of more, the end is kept.
	MaxOutput int
	// Idempotent allows that the command is sent a second time when the connection was lost during the first.
	Idempotent bool
	// Redact lists secrets that are blotted out in errors and logs, though not in the Result.
	Redact []string
	// Stdout, when set, receives the output as it comes, and Result.Stdout keeps the end of it all the same.
	Stdout io.Writer
}

// Result is what a command answered.
type Result struct {
	Stdout, Stderr string
	// Code is the exit status, or -1 when a signal ended the command.
	Code int
	// Truncated says that more was written than MaxOutput and only the end is here.
	Truncated bool
}

// Line returns the command in one line of shell, which is what stand-ins of a host match on: the quoted arguments,
// or the script.
func (c Command) Line() string {
	if len(c.Args) > 0 {
		return shellescape.QuoteCommand(c.Args)
	}
	return c.Script
}

// Title returns how errors and logs call the command.
func (c Command) Title() string {
	switch {
	case c.Name != "":
		return c.Name
	case len(c.Args) > 0:
		return "run " + path.Base(c.Args[0])
	}
	return "run a script"
}

// Validate reports why the command cannot be run anywhere.
func (c Command) Validate() error {
	if (len(c.Args) == 0) == (c.Script == "") {
		return fault.Newf(fault.Invalid, "%s: exactly one of arguments and a script is needed", c.Title())
	}
	for name := range c.Env {
		if !envName(name) {
			return fault.New(fault.Invalid, fmt.Errorf("%s: %q is no name of an environment variable", c.Title(), name))
		}
	}
	return nil
}

// Accepts reports whether an exit code is an answer and not a failure.
func (c Command) Accepts(code int) bool {
	return code == 0 || slices.Contains(c.AllowExit, code)
}

func envName(name string) bool {
	for i, r := range name {
		letter := r == '_' || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z')
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
