package traceql

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
)

// Parse reads a query. Errors have the place and the form of Tempo's.
func Parse(query string) (*Query, error) {
	tokens, err := lex(query)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, query: &Query{}}
	if p.query.spans, err = p.spansets(); err != nil {
		return nil, err
	}
	for p.takes("|") {
		next, err := p.stage()
		if err != nil {
			return nil, err
		}
		p.query.stages = append(p.query.stages, next)
	}
	if p.peek().kind != endToken {
		return nil, p.unexpected()
	}
	return p.query, nil
}

type parser struct {
	tokens []token
	query  *Query
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != endToken {
		p.tokens = p.tokens[1:]
	}
	return t
}

// takes reads a symbol if it is one of these.
func (p *parser) takes(symbols ...string) bool {
	if t := p.peek(); t.kind == symbolToken && slices.Contains(symbols, t.text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(symbol string) error {
	if p.takes(symbol) {
		return nil
	}
	return syntaxError(p.peek().at, fmt.Sprintf("syntax error: unexpected %s, expecting %s", p.peek().text, symbol))
}

func (p *parser) unexpected() error {
	return syntaxError(p.peek().at, "syntax error: unexpected "+p.peek().text)
}

// spansets reads what is left of the first pipe. && binds tighter than ||.
func (p *parser) spansets() (spanset, error) {
	return p.chain("||", func() (spanset, error) { return p.chain("&&", p.spanset) })
}

func (p *parser) chain(operator string, below func() (spanset, error)) (spanset, error) {
	left, err := below()
	for err == nil && p.takes(operator) {
		var right spanset
		right, err = below()
		left = joined{left: left, right: right, both: operator == "&&"}
	}
	return left, err
}

func (p *parser) spanset() (spanset, error) {
	if p.takes("(") {
		inner, err := p.spansets()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	if p.takes("}") {
		return filter{}, nil
	}
	condition, err := p.condition()
	if err != nil {
		return nil, err
	}
	return filter{condition}, p.expect("}")
}

// expression is a part of a condition.
type expression interface {
	eval(t store.Trace, s store.Span) Value
}

type constant struct{ value Value }

func (c constant) eval(store.Trace, store.Span) Value { return c.value }

type not struct{ of expression }

func (n not) eval(t store.Trace, s store.Span) Value { return boolean(!n.of.eval(t, s).truth()) }

type logic struct {
	left, right expression
	both        bool
}

func (l logic) eval(t store.Trace, s store.Span) Value {
	if l.left.eval(t, s).truth() != l.both {
		return boolean(!l.both)
	}
	return boolean(l.right.eval(t, s).truth())
}

type comparison struct {
	operator    string
	left, right expression
	pattern     *regexp.Regexp
}

func (c comparison) eval(t store.Trace, s store.Span) Value {
	return boolean(compare(c.operator, c.left.eval(t, s), c.right.eval(t, s), c.pattern))
}
