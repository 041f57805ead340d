package verify

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Graph is who calls whom.
type Graph struct {
	// Nodes are workloads or services, "namespace/name" or a bare name where the source knows no namespace.
	Nodes []string
	Edges []Edge
	// Counted says that the edges' rates are numbers of calls, as in a single trace.
	Counted bool
}

// Edge is the calls from one node to another.
type Edge struct {
	From, To string
	// Rate is requests a second (calls in a trace), Errors the share of them that failed, between 0 and 1.
	Rate, Errors float64
}

// newGraph adds edges of the same two nodes up and sorts everything, so that equal graphs are equal.
func newGraph(edges []Edge) Graph {
	type pair struct{ from, to string }
	sums := map[pair]Edge{}
	nodes := map[string]bool{}
	for _, e := range edges {
		e.Rate, e.Errors = finite(e.Rate), min(finite(e.Errors), 1)
		at := pair{e.From, e.To}
		if sum, ok := sums[at]; ok && sum.Rate+e.Rate > 0 {
			e.Errors = (sum.Rate*sum.Errors + e.Rate*e.Errors) / (sum.Rate + e.Rate)
			e.Rate += sum.Rate
		}
		sums[at] = e
		nodes[e.From], nodes[e.To] = true, true
	}
	g := Graph{Nodes: sortedKeys(nodes)}
	for _, e := range sums {
		g.Edges = append(g.Edges, e)
	}
	slices.SortFunc(g.Edges, func(a, b Edge) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return g
}

// finite keeps what is no number, as a division by zero in a query is, from states and diagrams.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// Graph is who calls whom inside one trace: a span whose parent belongs to another service is a call of it. Rates are
// numbers of calls. Its nodes are all services of the trace.
func (t Trace) Graph() Graph {
	services := map[string]string{}
	for _, s := range t.Spans {
		services[s.ID] = s.Service
	}
	var edges []Edge
	for _, s := range t.Spans {
		from, ok := services[s.Parent]
		if !ok || from == s.Service {
			continue
		}
		e := Edge{From: from, To: s.Service, Rate: 1}
		if s.Failed {
			e.Errors = 1
		}
		edges = append(edges, e)
	}
	g := newGraph(edges)
	g.Counted, g.Nodes = true, t.Services() // also those whose caller's span is missing
	return g
}

// maxDrawn is how many calls a text or a diagram shows: more is nothing to look at, and Mermaid refuses more than 500
// edges (https://mermaid.js.org/config/schema-docs/config.html, maxEdges).
const maxDrawn = 200

// drawn are the calls that are shown, the most frequent ones where there are too many, and how many are left out.
func (g Graph) drawn() (edges []Edge, leftOut int) {
	if len(g.Edges) <= maxDrawn {
		return g.Edges, 0
	}
	edges = slices.Clone(g.Edges)
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Compare(b.Rate, a.Rate) })
	return edges[:maxDrawn], len(g.Edges) - maxDrawn
}

// Text draws the graph in lines: "istio-system/gateway -> default/productpage  1.2/s, 3.0 % errors". A graph without
// calls is the names of its nodes.
func (g Graph) Text() string {
	var lines []string
	edges, leftOut := g.drawn()
	for _, e := range edges {
		lines = append(lines, fmt.Sprintf("%s -> %s  %s", e.From, e.To, g.label(e)))
	}
	if len(lines) == 0 {
		lines = g.Nodes[:min(len(g.Nodes), maxDrawn)]
	}
	if leftOut > 0 {
		lines = append(lines, fmt.Sprintf("and %d more calls", leftOut))
	}
	return strings.Join(lines, "\n")
}

func (g Graph) label(e Edge) string {
	text := fmt.Sprintf("%.3g/s", e.Rate)
	if g.Counted {
		text = plural(int(e.Rate), "call")
	}
	if e.Errors > 0 {
		text += fmt.Sprintf(", %.1f %% errors", e.Errors*100)
	}
	return text
}

// Mermaid draws the graph for a Markdown page (https://mermaid.js.org/syntax/flowchart.html). Nodes get ids of their own,
// because names such as "end" or with slashes are none.
func (g Graph) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	edges, leftOut := g.drawn()
	ids := map[string]string{}
	for _, n := range g.shown(edges) {
		ids[n] = fmt.Sprintf("n%d", len(ids))
		fmt.Fprintf(&b, "  %s[\"%s\"]\n", ids[n], mermaidText(n))
	}
	for i, e := range edges {
		fmt.Fprintf(&b, "  %s -->|\"%s\"| %s\n", ids[e.From], mermaidText(g.label(e)), ids[e.To])
		if e.Errors > 0 {
			fmt.Fprintf(&b, "  linkStyle %d stroke:#c00\n", i)
		}
	}
	if leftOut > 0 {
		fmt.Fprintf(&b, "  more[\"and %d more calls\"]\n", leftOut)
	}
	return b.String()
}

// shown are the nodes of a drawing: all, or those of the calls that are drawn where there are too many.
func (g Graph) shown(edges []Edge) []string {
	if len(edges) == len(g.Edges) && len(g.Nodes) <= 2*maxDrawn {
		return g.Nodes
	}
	nodes := map[string]bool{}
	for _, e := range edges {
		nodes[e.From], nodes[e.To] = true, true
	}
	return sortedKeys(nodes)
}

// mermaidText keeps quotes from ending a quoted text; entity codes are Mermaid's own way.
func mermaidText(s string) string { return strings.ReplaceAll(s, `"`, "#quot;") }
