package rke2

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/hostscript"
	"github.com/dxlab/terraform-provider-lab/internal/wait"
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
	j.started = answer.Value("since")
	if j.change.restart {
		j.former = answer.Value("invocation")
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
func unusable(answer hostscript.Answer) string {
	readyz := answer.Value("readyz")
	switch {
	case answer.Value("kubeconfig") != "yes":
		return "there is no kubeconfig yet"
	case answer.Value("downloader") == "no":
		return ""
	case !strings.Contains(answer.Value("ping"), "pong"):
		return "the supervisor does not answer: " + orNothing(answer.Value("ping"))
	case readyz != "ok" && !strings.Contains(readyz, "Unauthorized") && !strings.Contains(readyz, "orbidden"):
		return "the API server is not ready: " + orNothing(readyz)
	}
	return ""
}
