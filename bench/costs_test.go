package bench_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/test/lab"
	"github.com/dxlab/terraform-provider-lab/test/lab/hosts"
)

const (
	example = "../examples/labs/quickstart"
	address = "10.88.100.10" // the gateway's
)

// TestCosts prints what installing, planning and destroying costs. Its settings are in the environment: RUNS is the number
// of plans, OTHERS the file system mirror of other providers.
func TestCosts(t *testing.T) { //nolint:paralleltest // anything beside it would be measured too
	runs, err := strconv.Atoi(os.Getenv("RUNS"))
	if err != nil || runs < 1 {
		t.Fatalf("RUNS=%q: how many plans?", os.Getenv("RUNS"))
	}
	l := lab.New(t, lab.Options{Hosts: 1, Host: hosts.Options{SSHD: []string{"LogLevel VERBOSE"}}})
	env := l.EnvInside()
	mirror := ownMirror(t)
	w := newWorkspace(t, l, example, []string{
		fmt.Sprintf("host = %q", l.Hosts()[0].Address()),
		fmt.Sprintf("artifacts = { url = %q }", env["LAB_RELEASE_URL"]+"/releases/download"),
		fmt.Sprintf("chart_repository = %q", env["LAB_CHARTS"]),
		fmt.Sprintf("gateway_address = %q", address),
	}, mirror)
	quickstart(t, l, w, runs)

	others := os.Getenv("OTHERS")
	if others == "" {
		fmt.Println("\nOTHERS is not set: no comparison with other providers (see bench/README.md).")
		return
	}
	w.apply("-target=lab_rke2_node.server")
	stacks(t, l, mirror, others, runs)
}

// quickstart measures the example, from a bare host and back.
func quickstart(t testing.TB, l *lab.Lab, w *workspace, runs int) {
	host := l.Hosts()[0]
	measure := func(name string, do func() cost) phase {
		l.Charts().ResetStats()
		before := loginsOf(t, host)
		p := phase{name: name}
		p.cost, p.api = w.logged(do)
		ssh := loginsOf(t, host).since(before)
		p.ssh, p.charts, p.least = &ssh, l.Charts().Stats().Requests, p.cost.wall
		return p
	}
	install := measure("install", func() cost { return w.apply() })
	plan := measure("no-op plan", w.plan)
	plan.cost, plan.least = plans(w, runs)
	fmt.Print(table("examples/labs/quickstart over SSH: host, RKE2, MetalLB, Istio, gateway, sample, route",
		[]phase{install, plan, measure("destroy", w.destroy)}))
	fmt.Print(listing("The API requests of the no-op plan:", plan.api, 20))
}

// stacks measures what both sides can do: the example without its host, through a kubeconfig.
func stacks(t testing.TB, l *lab.Lab, mirror, others string, runs int) {
	p := newProxy(t, l.Hosts()[0])
	settings := []string{
		fmt.Sprintf("kubeconfig = %q", p.kubeconfig), fmt.Sprintf("charts = %q", l.EnvInside()["LAB_CHARTS"]),
		fmt.Sprintf("address = %q", address),
	}
	ours := newWorkspace(t, l, "stack/lab", settings, mirror)
	theirs := newWorkspace(t, l, "stack/others", settings, others)

	own := stack(l, p, ours, "lab", runs, func() cost { return ours.apply() })
	foreign := stack(l, p, theirs, "others", runs, func() cost {
		// the kinds of the second apply's manifests have to be there when it is planned
		return theirs.apply("-target=helm_release.metallb", "-target=helm_release.istiod").plus(theirs.apply())
	})
	var columns []phase
	for i := range own {
		columns = append(columns, own[i], foreign[i])
	}
	fmt.Print(table("The same stack without the host, through a kubeconfig: lab in one apply, helm and kubernetes in two", columns))
	fmt.Print(listing("The API requests of the lab's no-op plan:", own[1].api, 8))
	fmt.Print(listing("The API requests of the others' no-op plan:", foreign[1].api, 8))
}

func stack(l *lab.Lab, p *proxy, w *workspace, whose string, runs int, install func() cost) []phase {
	measure := func(name string, do func() cost) phase {
		l.Charts().ResetStats()
		p.take()
		used := do()
		return phase{name: name + ": " + whose, cost: used, least: used.wall, api: p.take(), charts: l.Charts().Stats().Requests}
	}
	installed := measure("install", install)
	plan := measure("plan", w.plan)
	plan.cost, plan.least = plans(w, runs)
	return []phase{installed, plan, measure("destroy", w.destroy)}
}

func plans(w *workspace, runs int) (cost, time.Duration) {
	var all []cost
	for range runs {
		all = append(all, w.plan())
	}
	return median(all)
}
