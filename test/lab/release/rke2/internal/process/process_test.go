package process_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/process"
)

// program is one that writes its arguments to a log and stays.
func program(t *testing.T, script string) process.Options {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "program")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	o := process.Options{
		Name: "Program", Binary: binary, Args: []string{"run"}, Release: "v1", LogFile: filepath.Join(dir, "logs", "log"), StateFile: filepath.Join(dir, "etc", "state"),
		Logger: slog.New(slog.DiscardHandler),
	}
	t.Cleanup(func() {
		if err := process.Stop(context.Background(), o); err != nil {
			t.Error(err)
		}
	})
	return o
}

const stays = "echo start $*\nexec sleep 60\n"

// starts counts how often the program was started.
func starts(t *testing.T, o process.Options, want int) {
	t.Helper()
	var text string
	for range 100 {
		content, _ := os.ReadFile(o.LogFile)
		if text = string(content); strings.Count(text, "start ") == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("want %d starts, log: %s", want, text)
}

func run(t *testing.T, o process.Options) *process.Process {
	t.Helper()
	p, err := process.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRun_TakesOverTheSame(t *testing.T) {
	t.Parallel()
	o := program(t, stays)
	run(t, o)
	starts(t, o, 1)
	p := run(t, o)
	starts(t, o, 1)
	if !process.Running(o) {
		t.Error("not running")
	}
	if err := process.Stop(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(5 * time.Second):
		t.Error("the end of a program that was taken over is not noticed")
	}
	if process.Running(o) {
		t.Error("still running")
	}
}

func TestRun_ReplacesAnother(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*process.Options){
		"arguments": func(o *process.Options) { o.Args = append(o.Args, "--tls-san=a") },
		"release":   func(o *process.Options) { o.Release = "v2" },
		"replace":   func(o *process.Options) { o.Replace = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := program(t, stays)
			prepared := 0
			o.BeforeStart = func() error { prepared++; return nil }
			first := run(t, o)
			starts(t, o, 1)
			change(&o)
			run(t, o)
			starts(t, o, 2)
			<-first.Done()
			if prepared != 2 {
				t.Errorf("prepared %d times", prepared)
			}
		})
	}
}

func TestRun_FirstArgumentsAreNotCompared(t *testing.T) {
	t.Parallel()
	o := program(t, stays)
	joining := o
	joining.FirstArgs = []string{"--etcd-join", "https://a:2379"}
	run(t, joining)
	starts(t, o, 1)
	run(t, o)
	starts(t, o, 1)
	if text := process.Tail(o.LogFile, 1); text != "start run --etcd-join https://a:2379" {
		t.Errorf("log: %s", text)
	}
}

func TestRun_TellsHowItEnded(t *testing.T) {
	t.Parallel()
	o := program(t, "echo no port left; exit 3\n")
	p := run(t, o)
	<-p.Done()
	if p.Err() == nil || p.Err().Error() != "exit status 3" || process.Tail(o.LogFile, 5) != "no port left" {
		t.Errorf("got %v, %s", p.Err(), process.Tail(o.LogFile, 5))
	}
}

func TestRun_NoProgram(t *testing.T) {
	t.Parallel()
	o := program(t, stays)
	o.Binary += "-missing"
	if _, err := process.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "starting program-missing") {
		t.Errorf("got %v", err)
	}
}
