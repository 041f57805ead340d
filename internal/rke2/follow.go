package rke2

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// How often systemd may restart a unit before it counts as broken. A cause that never passes needs a second look
// only, because a former process may still be letting go of a port; an unknown one gets a minute (RestartSec is 5 s).
const (
	restartsKnown   = 2
	restartsUnknown = 8
	downsAllowed    = 3
	stuckLimit      = 30 * time.Second
)

// follow polls the unit until it is active, and tells apart what else may become of it.
func (j *job) follow(ctx context.Context) error {
	var seen sighting
	err := j.until(ctx, j.startName(), wait.Options{For: j.n.Role.Unit(), Timeout: j.o.startTimeout()}, func(ctx context.Context) error {
		answer, err := run(ctx, j.h, script{name: j.startName(), file: "poll.sh", env: map[string]string{
			"UNIT": j.n.Role.Unit(), "UNIT_PROPERTIES": unitProperties, "SINCE": j.started, "DATA_DIR": j.n.dataDir(),
		}})
		if err != nil {
			return err
		}
		seen.look(answer)
		switch seen.unit.judge() {
		case unitUp:
			if j.former != "" && seen.unit.Invocation == j.former {
				return wait.Pending("the former process still runs")
			}
			j.warnUnknown(answer.Values("unknown"))
			return nil
		case unitSkipped:
			return j.errorf(fault.Conflict, j.startName(), "systemd skipped it, because %s is active%s", j.n.Role.other().Unit(), tail(seen.lines))
		case unitCrashing, unitDown, unitPending:
			if seen.hopeless(j.stuckTime()) {
				return j.crash(ctx, seen)
			}
		}
		return wait.Pendingf("%s%s", seen.unit, lastLine(seen.lines))
	})
	if fault.Is(err, fault.Timeout) {
		return j.errorf(fault.Timeout, j.startName(), "the unit did not become active within %s, it is %s%s%s",
			j.o.startTimeout(), seen.unit, because(seen.cause.text), tail(seen.lines))
	}
	return err
}

// warnUnknown tells of configuration keys that the version does not know: rke2 skips them and starts all the same.
func (j *job) warnUnknown(keys []string) {
	if len(keys) == 0 {
		return
	}
	j.out.Warnings = append(j.out.Warnings, Warning{
		Summary: "RKE2 does not know the configuration key " + strings.Join(keys, ", "),
		Detail:  "RKE2 " + j.out.Version + " skipped it. It is misspelt, or another version's.",
	})
}

// stuckTime is how long a unit may hang in its start with a cause that does not pass by itself. Agents keep asking a
// server that refuses them, which is right while somebody is about to delete the Node of their predecessor.
func (j *job) stuckTime() time.Duration { return min(stuckLimit, j.o.startTimeout()/2) }

// sighting is what the last poll of a unit saw.
type sighting struct {
	unit  UnitState
	lines []string
	cause cause
	// downs counts polls that found the unit down; stuck is since when it hangs with the same cause.
	downs int
	stuck time.Time
}

func (s *sighting) look(answer hostscript.Answer) {
	former := s.cause
	s.unit, s.lines = parseUnit(string(answer.Blob("unit"))), journalLines(string(answer.Blob("journal")))
	s.cause = findCause(s.lines)
	if free := answer.Value("free_kib"); s.cause.text == "" && free != "" && number(free)/1024 < leastDiskMiB {
		s.cause = cause{kind: fault.NoSpace, text: fmt.Sprintf("the data directory has %d MiB free", number(free)/1024)}
	}
	if s.cause != former || s.stuck.IsZero() {
		s.stuck = time.Now()
	}
	if s.unit.judge() == unitDown {
		s.downs++
	} else {
		s.downs = 0
	}
}

// hopeless says that waiting longer will not help. Between two starts a unit is down for a moment; a cause that may
// pass is given all the time there is.
func (s *sighting) hopeless(stuckTime time.Duration) bool {
	lasting := s.cause.text != "" && !s.cause.passing
	switch {
	case s.unit.judge() == unitDown:
		return s.unit.Active == "failed" || s.downs > downsAllowed
	case s.unit.judge() == unitPending:
		return lasting && time.Since(s.stuck) >= stuckTime
	case s.cause.passing:
		return false
	case lasting:
		return s.unit.Restarts >= restartsKnown
	}
	return s.unit.Restarts >= restartsUnknown
}

// crash explains a unit that keeps failing, with the program that holds its port where that is the cause.
func (j *job) crash(ctx context.Context, seen sighting) error {
	name, why := j.startName(), seen.cause.text
	if seen.cause.port != 0 {
		answer, err := run(ctx, j.h, script{name: name, file: "ports.sh", env: map[string]string{"PORTS": strconv.Itoa(seen.cause.port)}})
		if err != nil {
			return err
		}
		for _, l := range parseListeners(answer) {
			why = l.String()
		}
	}
	state := fmt.Sprintf("the unit keeps failing: %s, exit status %d", seen.unit, seen.unit.ExitStatus)
	if seen.unit.judge() == unitPending {
		state = "the unit hangs: " + seen.unit.String()
	}
	if why != "" {
		return j.errorf(seen.cause.kind, name, "%s: %s%s", why, state, tail(seen.lines))
	}
	return fault.New(fault.Command, &fault.CommandError{
		Name: name, Host: j.h.String(), Code: seen.unit.ExitStatus, Stderr: state + tail(seen.lines),
	})
}

func lastLine(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "; " + lines[len(lines)-1]
}
