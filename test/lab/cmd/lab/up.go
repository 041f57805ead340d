package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	lab "github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/alive"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/image"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/inotify"
	"github.com/dxlab/terraform-provider-lab/test/lab/internal/sandbox"
)

// order is what the daemon is told to start.
type order struct {
	Dir          string `json:"dir"`
	Image        string `json:"image"`
	Hosts        int    `json:"hosts"`
	Bare         bool   `json:"bare"`
	Cluster      bool   `json:"cluster"`
	Containers   bool   `json:"containers"`
	ControlPlane string `json:"controlPlane"` // path of the binary, "" for none
	// Kubernetes is the older release that runs, and KubernetesBinary the path of its binary; "" for none.
	Kubernetes       string `json:"kubernetes"`
	KubernetesBinary string `json:"kubernetesBinary"`
}

func up(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	dir := dirFlag(flags)
	count := flags.Int("hosts", 1, "number of hosts")
	cluster := flags.Bool("cluster", true, "a cluster of the lab's own, in KUBECONFIG")
	kubernetes := flags.String("kubernetes", os.Getenv(lab.KubernetesVariable), "run this older release, 1.24, in the lab's cluster and in RKE2 releases of that minor")
	containers := flags.Bool("containers", false, "run containers of the lab's images on RKE2 nodes for real")
	bare := flags.Bool("bare", false, "hosts without a control plane: RKE2 cannot start on them, and there is no cluster")
	if err := parse(flags, args, func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	if *bare && *containers {
		return fmt.Errorf("%w: bare hosts run no containers", errUsage)
	}
	if err := hosts.Missing(); err != nil {
		return err
	}
	f, err := openFolder(*dir)
	if err != nil {
		return err
	}
	return start(ctx, f, order{
		Dir: string(f), Hosts: *count, Bare: *bare, Containers: *containers, Cluster: *cluster && !*bare, Kubernetes: *kubernetes,
	})
}

// start starts the lab of a folder unless it is running.
func start(ctx context.Context, f folder, o order) error {
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s, ok, err := f.read()
	if err == nil && ok {
		ok, err = answers(ctx, f, s)
	}
	if err != nil {
		return err
	}
	if ok {
		say("a lab with %d hosts is already running in %s", len(s.Hosts), f)
		return nil
	}
	// what a killed lab left
	if err := errors.Join(hosts.Sweep(ctx, s.ID), f.claim()); err != nil {
		return err
	}
	begin := time.Now()
	if err = prepare(ctx, &o); err == nil {
		s, err = launch(ctx, f, o)
	}
	if err != nil {
		return errors.Join(err, f.remove(), hosts.Sweep(context.WithoutCancel(ctx), s.ID))
	}
	say("the lab is up after %s: %s", time.Since(begin).Round(100*time.Millisecond), summary(s))
	say("for a shell: . %s", f.path("env"))
	return nil
}

// answers tells whether a lab whose process is there does its work. One that is just dying is waited for.
func answers(ctx context.Context, f folder, s state) (bool, error) {
	if _, err := ask(ctx, f, http.MethodGet, "/status"); err == nil {
		return true, nil
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := waitGone(waiting, s); err != nil {
		return false, fmt.Errorf("the lab in %s does not answer: run lab down --dir %s: %w", f, f, err)
	}
	return false, nil
}

// prepare builds what the cache does not hold. It happens outside the sandbox, where package sources can be reached.
func prepare(ctx context.Context, o *order) (err error) {
	progress := func(line string) { say("%s", line) }
	if o.Image, err = image.Ensure(ctx, image.Spec{}, progress); err != nil {
		return err
	}
	if o.Bare {
		return nil
	}
	if o.ControlPlane, err = lab.BuildControlPlane(ctx, progress); err != nil {
		return err
	}
	if o.Kubernetes != "" {
		if o.KubernetesBinary, err = lab.BuildKubernetes(ctx, o.Kubernetes, progress); err != nil {
			return err
		}
	}
	if o.Containers {
		if err := lab.BuildContainers(ctx, progress); err != nil {
			return err
		}
	}
	return lab.BuildReleases(ctx, o.Kubernetes, progress)
}

// launch starts the daemon, shows its progress and waits until the lab is usable. A daemon that is not told to stay ends by
// itself, so an interrupted launch leaves nothing.
func launch(ctx context.Context, f folder, o order) (state, error) {
	mark, err := alive.New()
	if err != nil {
		return state{}, err
	}
	defer func() { _ = mark.File.Close() }()
	if err := inotify.Raise(ctx); err != nil {
		return state{}, err
	}
	cmd, report, stay, err := daemonCommand(f, mark, o)
	if err != nil {
		return state{}, err
	}
	defer func() { _ = report.Close() }()
	defer func() { _ = stay.Close() }()
	kill := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer kill()
	// first the folder knows the daemon, then the daemon does something: whatever ends this command, lab down finds the daemon
	s := state{PID: cmd.Process.Pid}
	s.Started, _ = process(s.PID)
	if err = f.write(s); err == nil {
		_, err = stay.Write([]byte{beginSignal})
	}
	if err == nil {
		err = follow(report, &s)
	}
	if err == nil {
		err = f.write(s)
	}
	if err == nil {
		_, err = stay.Write([]byte{staySignal})
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return state{ID: mark.ID}, errors.Join(ctx.Err(), err, mark.Close())
	}
	return s, cmd.Process.Release()
}

// daemonCommand starts the daemon. Its progress is read from report; signals are written to stay, and when that is closed without
// staySignal the daemon ends.
func daemonCommand(f folder, mark *alive.Mark, o order) (cmd *exec.Cmd, report, stay *os.File, err error) {
	log, err := os.OpenFile(f.path(logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("opening the lab's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	report, reportEnd, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("making a pipe: %w", err)
	}
	defer func() { _ = reportEnd.Close() }()
	stayEnd, stay, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("making a pipe: %w", err), report.Close())
	}
	defer func() { _ = stayEnd.Close() }()
	text, err := json.Marshal(o)
	if err == nil {
		cmd, err = sandbox.Command(sandbox.Options{Mark: mark, Args: []string{string(text)}, Files: []*os.File{reportEnd, stayEnd}})
	}
	if err == nil {
		cmd.Stdout, cmd.Stderr = log, log
		err = cmd.Start()
	}
	if err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("starting the lab: %w", err), report.Close(), stay.Close())
	}
	return cmd, report, stay, nil
}

// Words that begin the daemon's lines; the rest of the line belongs to them.
const (
	wordProgress = "progress "
	wordError    = "error "
	wordReady    = "ready "

	beginSignal = 'b' // begin to start the lab
	staySignal  = 's' // live on without the starter
)

// follow prints the daemon's progress until the lab is usable, and adds what the daemon says of it to s.
func follow(report *os.File, s *state) error {
	lines := bufio.NewScanner(report)
	for lines.Scan() {
		line := lines.Text()
		if text, ok := strings.CutPrefix(line, wordProgress); ok {
			say("%s", text)
		}
		if text, ok := strings.CutPrefix(line, wordError); ok {
			return errors.New(strings.ReplaceAll(text, "\t", "\n"))
		}
		if text, ok := strings.CutPrefix(line, wordReady); ok {
			if err := json.Unmarshal([]byte(text), s); err != nil {
				return fmt.Errorf("understanding the lab: %w", err)
			}
			return nil
		}
	}
	return errors.New("the lab ended before it was usable")
}

func say(format string, args ...any) { fmt.Printf("lab: "+format+"\n", args...) }

func summary(s state) string {
	var parts []string
	for _, host := range s.Hosts {
		parts = append(parts, host.Name+" "+host.Outside)
	}
	if s.Cluster != nil {
		parts = append(parts, "cluster "+s.Cluster.Outside)
	}
	if s.Containers {
		parts = append(parts, "with containers")
	}
	return strings.Join(parts, ", ")
}
