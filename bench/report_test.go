package bench_test

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
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

// table is a text with a row for each measure.
func table(title string, phases []phase) string {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s\n%s\n", title, strings.Repeat("-", len(title)))
	t := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(p phase) string) {
		line := fmt.Sprintf("%-24s\t", name)
		for _, p := range phases {
			line += cell(p) + "\t"
		}
		_, _ = io.WriteString(t, line+"\n")
	}
	row("", func(p phase) string { return p.name })
	row("wall time", func(p phase) string { return seconds(p.cost.wall) })
	row("  fastest", func(p phase) string { return seconds(p.least) })
	row("CPU time", func(p phase) string { return seconds(p.cost.cpu) })
	row("providers' peak memory", func(p phase) string { return fmt.Sprintf("%d MiB", p.cost.memory>>20) })
	row("API requests", func(p phase) string { return strconv.Itoa(p.api.total()) })
	for _, verb := range verbsOf(phases) {
		row("  "+verb, func(p phase) string { return strconv.Itoa(p.api.byVerb()[verb]) })
	}
	row("chart requests", func(p phase) string { return strconv.Itoa(p.charts) })
	if phases[0].ssh != nil {
		row("SSH connections", func(p phase) string { return strconv.Itoa(p.ssh.connections) })
		row("SSH sessions", func(p phase) string { return strconv.Itoa(p.ssh.sessions) })
	}
	row("state afterwards", func(p phase) string { return fmt.Sprintf("%.1f kB", float64(p.cost.state)/1000) })
	_ = t.Flush()
	return out.String()
}

// listing says what was asked most.
func listing(title string, asked requests, most int) string {
	var out strings.Builder
	out.WriteString("\n" + title + "\n")
	ranked := asked.ranked()
	for _, r := range ranked[:min(most, len(ranked))] {
		fmt.Fprintf(&out, "%6d  %s %s\n", asked[r], r.verb, r.resource)
	}
	return out.String()
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
