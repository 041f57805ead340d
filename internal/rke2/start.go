package rke2

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
)

// How often systemd may restart a unit before it counts as broken. A cause that never passes needs a second look
// only, because a former process may still be letting go of a port; an unknown one gets a minute (RestartSec is 5 s).
const (
	restartsKnown   = 2
	restartsUnknown = 8
	downsAllowed    = 3
)

// start enables the unit and starts it, or restarts it when what runs is not what is wanted.
func (j *job) start(ctx context.Context) (err error) {
	if !j.change.start && !j.change.restart {
		return nil
	}
	if j.change.restart && j.out.Observed.Running() {
		if j.o.BeforeRestart != nil {
			j.tell("prepare the restart")
			if err := j.o.BeforeRestart(ctx); err != nil {
				return err
			}
		}
		defer func() { err = errors.Join(err, j.afterRestart(ctx)) }()
	}
	return j.do(ctx,
		step{j.startName(), j.launch},
		step{"note what was started", j.noteStart},
		step{"wait for " + j.n.Role.Unit(), j.follow},
		step{"wait until the node is usable", j.usable},
	)
}

// afterRestart ends what BeforeRestart began, however the restart went.
func (j *job) afterRestart(ctx context.Context) error {
	if j.o.AfterRestart == nil {
		return nil
	}
	j.tell("finish the restart")
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return j.o.AfterRestart(after)
}

func (j *job) startName() string {
	verb := "start "
	if j.change.restart {
		verb = "restart "
	}
	return verb + strings.TrimSuffix(j.n.Role.Unit(), ".service")
}

func (j *job) launch(ctx context.Context) error {
	env := map[string]string{"UNIT": j.n.Role.Unit(), "RESTART": ""}
	if j.change.restart {
		env["RESTART"] = "yes"
	}
	answer, err := run(ctx, j.h, script{name: j.startName(), file: "start.sh", env: env})
	if err != nil {
		return err
	}
	j.started = answer.value("since")
	if j.change.restart {
		j.former = answer.value("invocation")
	}
	j.out.Started = true
	return nil
}

// noteStart records what the unit was told to run with, so that a cut from here on costs no second restart.
func (j *job) noteStart(ctx context.Context) error {
	m := j.out.Observed.marker
	m.Applied, m.Registries = j.want.hash, j.want.registriesHash()
	return j.writeMarker(ctx, m)
}

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
			j.warnUnknown(answer.text["unknown"])
			return nil
		case unitSkipped:
			return j.errorf(fault.Conflict, j.startName(), "systemd skipped it, because %s is active%s", j.n.Role.other().Unit(), tail(seen.lines))
		case unitCrashing, unitDown:
			if seen.hopeless() {
				return j.crash(ctx, seen)
			}
		case unitPending:
		}
		return wait.Pendingf("%s%s", seen.unit, lastLine(seen.lines))
	})
	if fault.Is(err, fault.Timeout) {
		return j.errorf(fault.Timeout, j.startName(), "the unit did not become active within %s, it is %s%s", j.o.startTimeout(), seen.unit, tail(seen.lines))
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

// sighting is what the last poll of a unit saw.
type sighting struct {
	unit  UnitState
	lines []string
	cause cause
	// downs counts polls that found the unit down.
	downs int
}

func (s *sighting) look(answer block) {
	s.unit, s.lines = parseUnit(string(answer.blob("unit"))), journalLines(string(answer.blob("journal")))
	s.cause = findCause(s.lines)
	if free := answer.value("free_kib"); s.cause.text == "" && free != "" && number(free)/1024 < leastDiskMiB {
		s.cause = cause{kind: fault.NoSpace, text: fmt.Sprintf("the data directory has %d MiB free", number(free)/1024)}
	}
	if s.unit.judge() == unitDown {
		s.downs++
	} else {
		s.downs = 0
	}
}

// hopeless says that waiting longer will not help. Between two starts a unit is down for a moment; a cause that may
// pass is given all the time there is.
func (s *sighting) hopeless() bool {
	switch {
	case s.unit.judge() == unitDown:
		return s.unit.Active == "failed" || s.downs > downsAllowed
	case s.cause.passing:
		return false
	case s.cause.text != "":
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

// usable waits until a server serves: its supervisor for nodes that join, its API, its kubeconfig. An agent is
// usable when its unit is active; whether its node is Ready only the API knows.
func (j *job) usable(ctx context.Context) error {
	if j.n.Role != Server {
		return nil
	}
	const name = "wait until the node is usable"
	env := map[string]string{
		"DATA_DIR": j.n.dataDir(), "KUBECONFIG": j.kubeconfigPath(),
		"SUPERVISOR": fmt.Sprintf("https://127.0.0.1:%d", supervisorPort), "API": fmt.Sprintf("https://127.0.0.1:%d", apiPort),
	}
	return j.until(ctx, name, wait.Options{For: "the API server", Timeout: j.o.startTimeout()}, func(ctx context.Context) error {
		answer, err := run(ctx, j.h, script{name: name, file: "ready.sh", env: env})
		if err != nil {
			return err
		}
		if missing := unusable(answer); missing != "" {
			return wait.Pending(missing)
		}
		return nil
	})
}

// unusable says what a server lacks, or nothing. An API server that refuses anonymous questions does answer.
func unusable(answer block) string {
	readyz := answer.value("readyz")
	switch {
	case answer.value("kubeconfig") != "yes":
		return "there is no kubeconfig yet"
	case answer.value("downloader") == "no":
		return ""
	case !strings.Contains(answer.value("ping"), "pong"):
		return "the supervisor does not answer: " + orNothing(answer.value("ping"))
	case readyz != "ok" && !strings.Contains(readyz, "Unauthorized") && !strings.Contains(readyz, "orbidden"):
		return "the API server is not ready: " + orNothing(readyz)
	}
	return ""
}
