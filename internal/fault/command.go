package fault

import (
	"fmt"
	"strings"
)

// CommandError is a remote command that ran and failed. It carries no command line, because arguments may be
// long or private; Name says in words what was being done.
type CommandError struct {
	// Name is what was being done, for example "start rke2-server".
	Name string
	// Host is where, as the user wrote it.
	Host string
	// Code is the exit status, or -1 when a signal ended the command.
	Code int
	// Stderr and Stdout are the last lines of what it wrote, already limited and redacted.
	Stderr, Stdout string
}

// tailLines is how many lines of output an error text repeats: enough for a cause, short enough for a diagnostic.
const tailLines = 12

// Error says what failed where, with the last lines of the output.
func (e *CommandError) Error() string {
	text := fmt.Sprintf("%s on %s: exit status %d", e.Name, e.Host, e.Code)
	out := e.Stderr
	if strings.TrimSpace(out) == "" {
		out = e.Stdout
	}
	if tail := Tail(out, tailLines); tail != "" {
		text += ": " + tail
	}
	return text
}

// Tail returns the last n non-empty lines of text.
func Tail(text string, n int) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimRight(line, " \t\r"); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
