package hosttest

import (
	"context"
	"fmt"
	"regexp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/host"
)

// Answer is what a scripted command does. Err, when set, is returned instead of a result.
type Answer struct {
	Stdout, Stderr string
	Code           int
	Err            error
	// Do runs before the answer is given, for effects such as files that appear.
	Do func(f *Fake, call Call)
}

// Match picks commands.
type Match func(host.Command) bool

// Line matches the command whose line ([host.Command.Line]) is text.
func Line(text string) Match { return func(c host.Command) bool { return c.Line() == text } }

// Named matches the command with this Name, which is the way to match scripts.
func Named(name string) Match { return func(c host.Command) bool { return c.Name == name } }

// Matching matches commands whose line contains a match of the regular expression.
func Matching(expr string) Match {
	re := regexp.MustCompile(expr)
	return func(c host.Command) bool { return re.MatchString(c.Line()) }
}

type rule struct {
	match   Match
	answers []Answer
}

// On scripts the answers to matching commands: one after the other, the last one for ever. A later On wins over
// an earlier one. Without answers the command succeeds silently.
func (f *Fake) On(match Match, answers ...Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(answers) == 0 {
		answers = []Answer{{}}
	}
	f.rules = append(f.rules, &rule{match: match, answers: answers})
}

// Run answers what On scripted. A command that no rule matches fails the test.
func (f *Fake) Run(ctx context.Context, c host.Command) (host.Result, error) {
	if err := c.Validate(); err != nil {
		return host.Result{}, err
	}
	stdin, err := readAll(c.Stdin)
	if err != nil {
		return host.Result{}, fmt.Errorf("%s on %s: reading input: %w", c.Title(), f.name, err)
	}
	call := Call{Verb: "run", Text: c.Line(), Command: c, Stdin: stdin}
	if err := f.enter(ctx, call); err != nil {
		return host.Result{}, err
	}
	answer, ok := f.answer(c)
	if !ok {
		f.tb.Errorf("fake host %s: unexpected command (%s): %s", f.name, c.Title(), c.Line())
		answer = Answer{Code: 127, Stderr: "unexpected command\n"}
	}
	if answer.Do != nil {
		answer.Do(f, call)
	}
	if answer.Err != nil {
		return host.Result{}, answer.Err
	}
	if c.Stdout != nil {
		if _, err := c.Stdout.Write([]byte(answer.Stdout)); err != nil {
			return host.Result{}, fmt.Errorf("%s on %s: writing output: %w", c.Title(), f.name, err)
		}
	}
	result := host.Result{Stdout: answer.Stdout, Stderr: answer.Stderr, Code: answer.Code}
	if c.Accepts(answer.Code) {
		return result, nil
	}
	return result, &fault.CommandError{Name: c.Title(), Host: f.name, Code: answer.Code, Stdout: answer.Stdout, Stderr: answer.Stderr}
}

func (f *Fake) answer(c host.Command) (Answer, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.rules) - 1; i >= 0; i-- {
		r := f.rules[i]
		if !r.match(c) {
			continue
		}
		answer := r.answers[0]
		if len(r.answers) > 1 {
			r.answers = r.answers[1:]
		}
		return answer, true
	}
	return Answer{}, false
}
