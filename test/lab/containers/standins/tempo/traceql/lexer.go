package traceql

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	endToken tokenKind = iota
	symbolToken
	stringToken
	numberToken
	wordToken // keywords, intrinsics and attributes
)

type token struct {
	kind tokenKind
	text string
	// at is the column, counted from one.
	at int
}

// symbols are tried in this order, so that the long ones win.
var symbols = []string{"&&", "||", "!=", ">=", "<=", "=~", "!~", ">>", "<<", "{", "}", "(", ")", "=", "<", ">", "!", "|", ",", "+", "-", "*", "/", "~", "&"}

// lex cuts a query into tokens, the last of which is the end.
func lex(query string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(query); {
		r, width := utf8.DecodeRuneInString(query[i:])
		if unicode.IsSpace(r) {
			i += width
			continue
		}
		next, length, err := lexOne(query[i:])
		if err != nil {
			return nil, syntaxError(i+1, err.Error())
		}
		next.at = i + 1
		tokens, i = append(tokens, next), i+length
	}
	return append(tokens, token{kind: endToken, text: "$end", at: len(query) + 1}), nil
}

// lexOne reads the token that a text begins with, and how long it is there.
func lexOne(rest string) (token, int, error) {
	switch first := rest[0]; {
	case first == '"' || first == '`':
		text, length, err := quoted(rest)
		return token{kind: stringToken, text: text}, length, err
	case first >= '0' && first <= '9':
		length := len(rest) - len(strings.TrimLeftFunc(rest, numberRune))
		return token{kind: numberToken, text: rest[:length]}, length, nil
	case startsWord(first):
		return word(rest)
	}
	for _, symbol := range symbols {
		if strings.HasPrefix(rest, symbol) {
			return token{kind: symbolToken, text: symbol}, len(symbol), nil
		}
	}
	return token{}, 0, fmt.Errorf("unexpected %q", rest[:1])
}

func startsWord(b byte) bool {
	return b == '.' || b == '_' || b >= utf8.RuneSelf || unicode.IsLetter(rune(b))
}

// numberRune tells which runes a number or a duration has.
func numberRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' }

// wordRune tells which runes a name has (tempo:pkg/traceql/lexer.go@v2.10.8, isAttributeRune).
func wordRune(r rune) bool {
	return !unicode.IsSpace(r) && !strings.ContainsRune("{}()=~!<>&|^,\"`", r)
}

// word reads a name. After a dot a part of it may be in quotes, as in resource."my key".
func word(rest string) (token, int, error) {
	var text strings.Builder
	i := 0
	for i < len(rest) {
		r, width := utf8.DecodeRuneInString(rest[i:])
		if r == '"' && i > 0 && rest[i-1] == '.' {
			part, length, err := quoted(rest[i:])
			if err != nil {
				return token{}, 0, err
			}
			text.WriteString(part)
			i += length
			continue
		}
		if !wordRune(r) {
			break
		}
		text.WriteRune(r)
		i += width
	}
	return token{kind: wordToken, text: text.String()}, i, nil
}

// quoted reads a string in double quotes, in which a backslash takes the next rune as it is, or in backquotes.
func quoted(rest string) (string, int, error) {
	var text strings.Builder
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == rest[0]:
			return text.String(), i + 1, nil
		case rest[i] == '\\' && rest[0] == '"' && i+1 < len(rest):
			i++
			text.WriteByte(escaped(rest[i]))
		default:
			text.WriteByte(rest[i])
		}
	}
	return "", 0, fmt.Errorf("literal not terminated")
}

func escaped(b byte) byte {
	switch b {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	}
	return b
}

// syntaxError is the form of Tempo's (tempo:pkg/traceql/parse.go@v2.10.8, ParseError.Error).
func syntaxError(column int, message string) error {
	return fmt.Errorf("parse error at line 1, col %d: %s", column, message)
}
