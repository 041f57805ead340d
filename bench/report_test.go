package bench_test

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// phase is a column of a table.
type phase struct {
	name   string
	cost   cost          // of plans: the median's
	least  time.Duration // the fastest run's wall time
	api    requests
	charts int
	ssh    *logins // nil where no host is looked at
}

// print writes a table with a row for each measure.
func print(out io.Writer, title string, phases []phase) {
	fmt.Fprintf(out, "\n%s\n%s\n", title, strings.Repeat("-", len(title)))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(p phase) string) {
		fmt.Fprintf(t, "%-24s\t", name)
		for _, p := range phases {
			fmt.Fprint(t, cell(p), "\t")
		}
		fmt.Fprintln(t)
	}
	row("", func(p phase) string { return p.name })
	row("wall time", func(p phase) string { return seconds(p.cost.wall) })
	row("  fastest", func(p phase) string { return seconds(p.least) })
	row("CPU time", func(p phase) string { return seconds(p.cost.cpu) })
	row("providers' peak memory", func(p phase) string { return fmt.Sprintf("%d MiB", p.cost.memory>>20) })
	row("API requests", func(p phase) string { return fmt.Sprint(p.api.total()) })
	for _, verb := range verbsOf(phases) {
		row("  "+verb, func(p phase) string { return fmt.Sprint(p.api.byVerb()[verb]) })
	}
	row("chart requests", func(p phase) string { return fmt.Sprint(p.charts) })
	if phases[0].ssh != nil {
		row("SSH connections", func(p phase) string { return fmt.Sprint(p.ssh.connections) })
		row("SSH sessions", func(p phase) string { return fmt.Sprint(p.ssh.sessions) })
	}
	row("state afterwards", func(p phase) string { return fmt.Sprintf("%.1f kB", float64(p.cost.state)/1000) })
	_ = t.Flush()
}

// printRequests lists what a phase asked most.
func printRequests(out io.Writer, title string, asked requests, most int) {
	fmt.Fprintf(out, "\n%s\n", title)
	ranked := asked.ranked()
	for _, r := range ranked[:min(most, len(ranked))] {
		fmt.Fprintf(out, "%6d  %s %s\n", asked[r], r.verb, r.resource)
	}
}

func verbsOf(phases []phase) []string {
	verbs := map[string]int{}
	for _, p := range phases {
		maps.Copy(verbs, p.api.byVerb())
	}
	return slices.Sorted(maps.Keys(verbs))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// median returns the middle run and the fastest one's wall time.
func median(runs []cost) (cost, time.Duration) {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b cost) int { return int(a.wall - b.wall) })
	return sorted[len(sorted)/2], sorted[0].wall
}
