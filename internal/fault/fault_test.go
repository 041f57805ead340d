package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	cause := errors.New("boom")
	cases := map[string]struct {
		err  error
		want fault.Kind
	}{
		"nil":              {nil, fault.Unknown},
		"plain":            {cause, fault.Unknown},
		"direct":           {fault.New(fault.NotFound, cause), fault.NotFound},
		"wrapped":          {fmt.Errorf("reading: %w", fault.New(fault.Denied, cause)), fault.Denied},
		"outermost counts": {fault.New(fault.Unreachable, fault.New(fault.NotFound, cause)), fault.Unreachable},
		"command":          {fmt.Errorf("step: %w", &fault.CommandError{Name: "x"}), fault.Command},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(c.err); got != c.want {
				t.Errorf("KindOf = %q, want %q", got, c.want)
			}
		})
	}
}

func TestNew_KeepsNilAndChain(t *testing.T) {
	t.Parallel()
	if fault.New(fault.NotFound, nil) != nil {
		t.Error("New(nil) is not nil")
	}
	cause := errors.New("boom")
	if !errors.Is(fault.Newf(fault.Timeout, "waiting: %w", cause), cause) {
		t.Error("the cause is lost")
	}
	if fault.Is(nil, fault.Unknown) {
		t.Error("nil has a kind")
	}
}

func TestCommandError_RepeatsTheLastLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for i := range 40 {
		fmt.Fprintf(&out, "line %d\n\n", i)
	}
	err := &fault.CommandError{Name: "start rke2-server", Host: "10.0.0.1", Code: 1, Stderr: out.String()}
	text := err.Error()
	if !strings.HasPrefix(text, "start rke2-server on 10.0.0.1: exit status 1: line 28\n") || !strings.HasSuffix(text, "line 39") {
		t.Errorf("unexpected text: %s", text)
	}
	quiet := &fault.CommandError{Name: "stop", Host: "h", Code: 3, Stderr: " \n", Stdout: "told on stdout"}
	if !strings.HasSuffix(quiet.Error(), "told on stdout") {
		t.Errorf("stdout is not used when stderr is empty: %s", quiet)
	}
}
