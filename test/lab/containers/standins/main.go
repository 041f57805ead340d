// Command standins is every stand-in of the lab's containers in one static binary: `standins NAME ARGUMENTS`, or NAME as the
// name by which it is called. Images differ in the name, the user and the environment alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/bookinfo"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/grafana"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/nginx"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/pause"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/reloader"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/sidecar"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempoquery"
)

// standin runs until ctx ends or its work is done. A nil error is exit code 0.
type standin func(ctx context.Context, args []string) error

// standins are the stand-ins by name. Ctx ends with SIGTERM or SIGINT.
func standins() map[string]standin {
	return map[string]standin{
		"bookinfo":                   bookinfo.Run,
		"grafana":                    grafana.Run,
		"k8s-sidecar":                sidecar.Run,
		"nginx":                      nginx.Run,
		"pause":                      pause.Run,
		"pilot-agent":                proxy.Run,
		"prometheus-config-reloader": reloader.Run,
		"tempo":                      tempo.Run,
		"tempo-query":                tempoquery.Run,
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	run, args, err := chosen(standins(), os.Args)
	if err == nil {
		err = run(ctx, args)
	}
	os.Exit(exitCode(err))
}

// chosen finds the stand-in that a command line names, by the name that it was called by or by its first argument, and returns
// it with the arguments that are left for it.
func chosen(all map[string]standin, argv []string) (standin, []string, error) {
	if run, ok := all[filepath.Base(argv[0])]; ok {
		return run, argv[1:], nil
	}
	if len(argv) > 1 {
		if run, ok := all[argv[1]]; ok {
			return run, argv[2:], nil
		}
	}
	return nil, nil, fmt.Errorf("usage: standins NAME [ARGUMENTS], NAME one of %s", strings.Join(slices.Sorted(maps.Keys(all)), ", "))
}

// exitCode prints an error and returns the code to end with: that of a command that a stand-in ran, else 1.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode())
	}
	return 1
}
