package traceql

import (
	"fmt"
)

// condition reads what is in braces: comparisons joined by ||, && and !, the last of which binds tightest.
func (p *parser) condition() (expression, error) {
	return p.logic("||", func() (expression, error) { return p.logic("&&", p.negation) })
}

func (p *parser) logic(operator string, below func() (expression, error)) (expression, error) {
	left, err := below()
	for err == nil && p.takes(operator) {
		var right expression
		right, err = below()
		left = logic{left: left, right: right, both: operator == "&&"}
	}
	return left, err
}

func (p *parser) negation() (expression, error) {
	if !p.takes("!") {
		return p.comparison()
	}
	of, err := p.negation()
	return not{of}, err
}

// operators compare two values.
var operators = []string{"=", "!=", "<", "<=", ">", ">=", "=~", "!~"}

func (p *parser) comparison() (expression, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	operator := p.peek()
	if !p.takes(operators...) {
		return left, nil
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	c := comparison{operator: operator.text, left: left, right: right}
	if operator.text == "=~" || operator.text == "!~" {
		literal, ok := right.(constant)
		if !ok || literal.value.kind != kindString {
			return nil, syntaxError(operator.at, "syntax error: unexpected operand of "+operator.text)
		}
		if c.pattern, err = anchored(literal.value.text); err != nil {
			return nil, syntaxError(operator.at, err.Error())
		}
	}
	return c, nil
}

func (p *parser) operand() (expression, error) {
	switch t := p.peek(); {
	case p.takes("("):
		inner, err := p.condition()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	case p.takes("-"):
		value, err := p.number()
		value.num = -value.num
		return constant{value}, err
	case t.kind == numberToken:
		value, err := p.number()
		return constant{value}, err
	case t.kind == stringToken:
		p.next()
		return constant{text(t.text)}, nil
	case t.kind == wordToken:
		return p.name()
	}
	return nil, p.unexpected()
}

func (p *parser) number() (Value, error) {
	t := p.next()
	value, err := literalNumber(t.text)
	if err != nil {
		return Value{}, syntaxError(t.at, err.Error())
	}
	return value, nil
}

// name reads a keyword or a field.
func (p *parser) name() (expression, error) {
	t := p.next()
	if value, ok := keyword(t.text); ok {
		return constant{value}, nil
	}
	f, err := fieldOf(t.text)
	if err != nil {
		return nil, syntaxError(t.at, err.Error())
	}
	p.query.named = append(p.query.named, f)
	return f, nil
}

// stage reads what follows a pipe.
func (p *parser) stage() (stage, error) {
	t := p.next()
	if t.kind != wordToken || t.text != "count" && t.text != "select" {
		return nil, syntaxError(t.at, fmt.Sprintf("this stand-in does not know the stage %q", t.text))
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	if t.text == "select" {
		return p.selection()
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	operator := p.peek()
	if !p.takes(operators[:6]...) {
		return nil, p.unexpected()
	}
	with, err := p.number()
	return counted{operator: operator.text, with: with}, err
}

// selection reads the names behind "select(" up to its end.
func (p *parser) selection() (stage, error) {
	for {
		if p.peek().kind != wordToken {
			return nil, p.unexpected()
		}
		if _, err := p.name(); err != nil {
			return nil, err
		}
		if !p.takes(",") {
			return selected{}, p.expect(")")
		}
	}
}
