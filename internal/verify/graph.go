package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Graph is who calls whom.
type Graph struct {
	// Nodes are workloads or services, "namespace/name" or a bare name where the source knows no namespace.
	Nodes []string
	Edges []Edge
}

// Edge is the calls from one node to another.
type Edge struct {
	From, To string
	// Rate is requests a second, Errors the share of them that failed, between 0 and 1.
	Rate, Errors float64
}

// newGraph adds edges of the same two nodes up and sorts everything, so that equal graphs are equal.
func newGraph(edges []Edge) Graph {
	type pair struct{ from, to string }
	sums := map[pair]Edge{}
	nodes := map[string]bool{}
	for _, e := range edges {
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

// Graph is who calls whom inside one trace: a span whose parent belongs to another service is a call of it. Rates are
// numbers of calls.
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
	if len(g.Nodes) == 0 {
		g.Nodes = t.Services()
	}
	return g
}

// Text draws the graph in lines: "istio-system/gateway -> default/productpage  1.2/s, 3.0 % errors".
func (g Graph) Text() string {
	var lines []string
	for _, e := range g.Edges {
		lines = append(lines, fmt.Sprintf("%s -> %s  %s", e.From, e.To, e.label()))
	}
	return strings.Join(lines, "\n")
}

func (e Edge) label() string {
	text := fmt.Sprintf("%.3g/s", e.Rate)
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
	ids := map[string]string{}
	for i, n := range g.Nodes {
		ids[n] = fmt.Sprintf("n%d", i)
		fmt.Fprintf(&b, "  %s[\"%s\"]\n", ids[n], mermaidText(n))
	}
	for i, e := range g.Edges {
		fmt.Fprintf(&b, "  %s -->|\"%s\"| %s\n", ids[e.From], mermaidText(e.label()), ids[e.To])
		if e.Errors > 0 {
			fmt.Fprintf(&b, "  linkStyle %d stroke:#c00\n", i)
		}
	}
	return b.String()
}

// mermaidText keeps quotes from ending a quoted text; entity codes are Mermaid's own way.
func mermaidText(s string) string { return strings.ReplaceAll(s, `"`, "#quot;") }
