// Package hostscripttest knows how to try scripts: on this machine instead of a host, and with answers made up.
package hostscripttest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
	"github.com/dxlab/terraform-provider-lab/internal/host/hosttest"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
)

// Shell is a host whose scripts run on this machine, as the user of the test. Its other methods are those of a
// [hosttest.Fake].
type Shell struct {
	*hosttest.Fake
	// Path is put in front of the search path, for stand-ins of programs.
	Path string
	// Absent are programs that this machine has and the scripts are not to find.
	Absent []string
	// Before, when it is set, is called before each script.
	Before func(host.Command)
}

// NewShell makes a Shell that calls itself name.
func NewShell(t testing.TB, name string) *Shell {
	t.Helper()
	return &Shell{Fake: hosttest.NewFake(t, name)}
}

// Run runs the command's script with sh.
func (s *Shell) Run(ctx context.Context, c host.Command) (host.Result, error) {
	if s.Before != nil {
		s.Before(c)
	}
	script := c.Script
	for _, program := range s.Absent {
		script = strings.ReplaceAll(script, "has "+program, "false")
	}
	command := exec.CommandContext(ctx, "/bin/sh", "-c", script)
	command.Stdin = c.Stdin
	command.Env = []string{"PATH=" + strings.TrimPrefix(s.Path+":", ":") + "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + os.TempDir()}
	for key, value := range c.Env {
		command.Env = append(command.Env, key+"="+value)
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return host.Result{}, err
	}
	result := host.Result{Stdout: "noise of a ~/.bashrc\n" + stdout.String(), Stderr: stderr.String(), Code: command.ProcessState.ExitCode()}
	if c.Accepts(result.Code) {
		return result, nil
	}
	return result, &fault.CommandError{Name: c.Title(), Host: s.String(), Code: result.Code, Stderr: result.Stderr}
}

// Provide puts a stand-in of a program, a shell script, in front of the search path.
func (s *Shell) Provide(t testing.TB, program, body string) {
	t.Helper()
	if s.Path == "" {
		s.Path = t.TempDir()
	}
	if err := os.WriteFile(filepath.Join(s.Path, program), []byte("#!/bin/sh\n"+body), 0o700); err != nil {
		t.Fatal(err)
	}
}

// Told is a made-up answer of a script.
type Told struct{ lines []string }

// Say adds a line of text.
func (t Told) Say(key, value string) Told {
	return Told{append(append([]string(nil), t.lines...), "s "+key+" "+value)}
}

// Blob adds bytes.
func (t Told) Blob(key, value string) Told {
	return Told{append(append([]string(nil), t.lines...), "b "+key+" "+base64.StdEncoding.EncodeToString([]byte(value)))}
}

// Read is the answer as a caller of [hostscript.Run] gets it.
func (t Told) Read(tb testing.TB) hostscript.Answer {
	tb.Helper()
	h := hosttest.NewFake(tb, "h")
	h.On(hosttest.Named("tell"), t.Answer())
	answer, err := hostscript.Run(tb.Context(), h, hostscript.Script{Name: "tell"})
	if err != nil {
		tb.Fatal(err)
	}
	return answer
}

// Answer is the answer as a fake host gives it.
func (t Told) Answer() hosttest.Answer {
	return hosttest.Answer{Stdout: "@terraform-provider-lab begin\n" + strings.Join(t.lines, "\n") + "\n@terraform-provider-lab end\n"}
}
