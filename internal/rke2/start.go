package rke2

import (
	"context"
	"errors"
	"fmt"
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
	name := j.startName()
	var unit UnitState
	var lines []string
	downs := 0
	err := wait.Until(ctx, wait.Options{For: j.n.Role.Unit(), Timeout: j.o.startTimeout()}, func(ctx context.Context) error {
		answer, err := run(ctx, j.h, script{name: name, file: "poll.sh", env: map[string]string{
			"UNIT": j.n.Role.Unit(), "UNIT_PROPERTIES": unitProperties, "SINCE": j.started,
		}})
		if err != nil {
			return err
		}
		unit, lines = parseUnit(string(answer.blob("unit"))), journalLines(string(answer.blob("journal")))
		found := findCause(lines)
		switch unit.judge() {
		case unitUp:
			return nil
		case unitSkipped:
			return j.errorf(fault.Conflict, name, "systemd skipped it, because %s is active%s", j.n.Role.other().Unit(), tail(lines))
		case unitCrashing:
			if unit.Restarts >= restartsUnknown && !found.passing || unit.Restarts >= restartsKnown && found.text != "" && !found.passing {
				return j.crash(ctx, name, unit, found, lines)
			}
		case unitDown:
			// Between two starts a unit is down for a moment.
			if downs++; downs > 3 || unit.Active == "failed" {
				return j.crash(ctx, name, unit, found, lines)
			}
		case unitPending:
			downs = 0
		}
		return wait.Pendingf("%s%s", unit, lastLine(lines))
	})
	if fault.Is(err, fault.Timeout) {
		return j.errorf(fault.Timeout, name, "the unit did not become active within %s, it is %s%s", j.o.startTimeout(), unit, tail(lines))
	}
	return err
}

// crash explains a unit that keeps failing, with the program that holds its port where that is the cause.
func (j *job) crash(ctx context.Context, name string, unit UnitState, found cause, lines []string) error {
	if found.port != 0 {
		if answer, err := run(ctx, j.h, script{name: name, file: "ports.sh", env: map[string]string{"PORTS": fmt.Sprint(found.port)}}); err == nil {
			for _, l := range parseListeners(answer) {
				found.text = l.String()
			}
		}
	}
	state := fmt.Sprintf("the unit keeps failing: %s, exit status %d", unit, unit.ExitStatus)
	if found.text != "" {
		return j.errorf(found.kind, name, "%s: %s%s", found.text, state, tail(lines))
	}
	return fault.New(fault.Command, &fault.CommandError{
		Name: name, Host: j.h.String(), Code: unit.ExitStatus, Stderr: state + tail(lines),
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
	err := wait.Until(ctx, wait.Options{For: "the node to be usable", Timeout: j.o.startTimeout()}, func(ctx context.Context) error {
		answer, err := run(ctx, j.h, script{name: name, file: "ready.sh", env: env})
		if err != nil {
			return err
		}
		if missing := unusable(answer); missing != "" {
			return wait.Pending(missing)
		}
		return nil
	})
	if fault.Is(err, fault.Timeout) {
		return fault.New(fault.Timeout, fmt.Errorf("%s on %s: %w", name, j.h, err))
	}
	return err
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
