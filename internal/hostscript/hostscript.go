// Package hostscript knows how a shell script is sent to a machine and how its answer is read.
package hostscript

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
)

// Host is what this package needs of a machine; *host.Host is one.
type Host interface {
	// String is how messages call the machine, as the user wrote it.
	String() string
	Run(ctx context.Context, command host.Command) (host.Result, error)
}

// Script is a POSIX shell script with what it needs to know. Values travel in its environment and big ones on its
// input, so nothing is ever quoted into shell text.
type Script struct {
	// Name is what is being done, for errors and logs.
	Name string
	// Body is the script. It answers with the functions of the prelude: say KEY VALUE for a line of text, blob KEY for
	// the bytes on its input.
	Body string
	Env  map[string]string
	// Stdin is the script's input.
	Stdin []byte
	// Sudo runs it as root.
	Sudo bool
	// Redact takes secrets out of what a failed script said; nil leaves it as it is.
	Redact func(said string) string
}

//go:embed prelude.sh
var prelude string

const (
	blockBegin = "@terraform-provider-lab begin"
	blockEnd   = "@terraform-provider-lab end"
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 32 << 20
)

// Answer is what a script answered. A key may have been said more than once.
type Answer struct {
	text  map[string][]string
	bytes map[string][][]byte
}

// Value returns the last text said under a key, or nothing.
func (a Answer) Value(key string) string { return last(a.text[key]) }

// Values returns all texts said under a key, in order.
func (a Answer) Values(key string) []string { return a.text[key] }

// Blob returns the last bytes said under a key, or nothing.
func (a Answer) Blob(key string) []byte { return last(a.bytes[key]) }

// Blobs returns all bytes said under a key, in order.
func (a Answer) Blobs(key string) [][]byte { return a.bytes[key] }

func last[T any](values []T) T {
	var none T
	if len(values) == 0 {
		return none
	}
	return values[len(values)-1]
}

// Run runs a script and reads its answer. What a failed script had written to its output does not enter the error,
// because an answer may carry the content of files.
func Run(ctx context.Context, h Host, s Script) (Answer, error) {
	command := host.Command{Name: s.Name, Script: prelude + s.Body, Env: s.Env, Sudo: s.Sudo, MaxOutput: maxAnswer}
	if len(s.Stdin) > 0 {
		command.Stdin = bytes.NewReader(s.Stdin)
	}
	result, err := h.Run(ctx, command)
	var failed *fault.CommandError
	if errors.As(err, &failed) {
		said := failed.Stderr
		if s.Redact != nil {
			said = s.Redact(said)
		}
		return Answer{}, &fault.CommandError{Name: failed.Name, Host: failed.Host, Code: failed.Code, Stderr: said}
	}
	if err != nil {
		return Answer{}, err
	}
	answer, err := parse(result.Stdout)
	if err != nil {
		return Answer{}, fmt.Errorf("%s on %s: %w", s.Name, h, err)
	}
	return answer, nil
}

// parse reads the lines between the marks. Without both marks the machine ran something else (a forced command) or
// was cut off, and nothing of it is believed.
func parse(output string) (Answer, error) {
	a := Answer{text: map[string][]string{}, bytes: map[string][][]byte{}}
	_, rest, begun := strings.Cut(output, blockBegin+"\n")
	body, _, ended := strings.Cut(rest, blockEnd)
	if !begun || !ended {
		return a, errors.New("the answer is not ours or not whole: does the account run a forced command?")
	}
	for line := range strings.Lines(body) {
		kind, entry, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		key, value, _ := strings.Cut(entry, " ")
		switch kind {
		case "s":
			a.text[key] = append(a.text[key], strings.TrimSpace(value))
		case "b":
			raw, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				return a, fmt.Errorf("the answer has a broken entry %s: %w", key, err)
			}
			a.bytes[key] = append(a.bytes[key], raw)
		}
	}
	return a, nil
}

// NoSpace recognises a full file system in what a program said (strerror(ENOSPC) in the C locale, which the prelude sets).
func NoSpace(said string) bool { return strings.Contains(said, "No space left on device") }
