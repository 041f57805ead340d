package provider_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

func TestComponent_FailedCreationIsRepairedInPlace(t *testing.T) {
	t.Parallel()
	for name, config := range everyComponent() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			s := failed(t, c, e, name, config)
			e.set(func(e *fakeEngine) { e.installErr = nil })
			s = must2(t)(c.refresh(name, s))
			if got := s.text(t, "status"); got != "failed" {
				t.Errorf("status %q after a refresh", got)
			}
			s = must2(t)(c.apply(name, s, config))
			calls := e.taken()
			if len(calls) != 1 || !strings.HasPrefix(calls[0], "install ") {
				t.Errorf("the repair made these calls: %v", calls)
			}
			if s.tainted || s.text(t, "status") != "ready" {
				t.Errorf("tainted %t, status %q", s.tainted, s.text(t, "status"))
			}
		})
	}
}

// failed has a creation fail half-way and returns what the state keeps.
func failed(t *testing.T, c *core, e *fakeEngine, name string, config attrs) *tracked {
	t.Helper()
	e.set(func(e *fakeEngine) { e.installErr = fault.Newf(fault.Timeout, "webhook is not up") })
	s, r := c.apply(name, nil, config)
	if !strings.Contains(r.errors, "Webhook is not up") || !strings.Contains(r.errors, name) {
		t.Fatalf("errors %q", r.errors)
	}
	if s == nil || !s.tainted || s.text(t, "status") != "failed" {
		t.Fatalf("the state keeps %+v", s)
	}
	e.taken()
	return s
}

func TestComponent_FailedCreationIsRemovedByADestroy(t *testing.T) {
	t.Parallel()
	for _, refreshed := range []bool{false, true} {
		w, e := withCluster(t)
		c := newCore(t, w, nil)
		s := failed(t, c, e, "lab_metallb", nil)
		if refreshed {
			s = must2(t)(c.refresh("lab_metallb", s))
		}
		if r := c.destroy("lab_metallb", s); r.errors != "" {
			t.Error(r.errors)
		}
		if diff := cmp.Diff([]string{"remove " + metallbRelease}, e.taken()); diff != "" {
			t.Errorf("refreshed %t: %s", refreshed, diff)
		}
	}
}

func TestComponent_FailedCreationThatMovesIsRemoved(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := failed(t, c, e, "lab_metallb", nil)
	e.set(func(e *fakeEngine) { e.installErr = nil })
	must2(t)(c.apply("lab_metallb", s, attrs{"namespace": "elsewhere"}))
	if diff := cmp.Diff([]string{"remove " + metallbRelease, "install elsewhere/metallb"}, e.taken()); diff != "" {
		t.Error(diff)
	}
}

func TestComponent_ReplacementOfAHealthyOneRemovesIt(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_metallb", nil, nil))
	e.taken()
	s.tainted = true // what -replace and `terraform taint` come to
	must2(t)(c.apply("lab_metallb", s, nil))
	if diff := cmp.Diff([]string{"remove " + metallbRelease, "install " + metallbRelease}, e.taken()); diff != "" {
		t.Error(diff)
	}
}

func TestComponent_ConflictIsNotTracked(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	e.installErr = fault.Newf(fault.Conflict, "it was made by kubectl")
	s, r := c.apply("lab_sample_app", nil, attrs{"app": "nginx", "name": "n"})
	if s != nil || !strings.Contains(r.errors, "adopt = true") {
		t.Errorf("state %v, errors %q", s, r.errors)
	}
}

func TestComponent_FailedUpdateKeepsThePriorState(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_metallb", nil, nil))
	e.installErr = fault.Newf(fault.Timeout, "no")
	after, r := c.apply("lab_metallb", s, attrs{"log_level": "debug"})
	if r.errors == "" || after == nil || !after.value.Equal(s.value) {
		t.Errorf("errors %q, state %v", r.errors, after)
	}
}
