package verify

import (
	"html"
	"regexp"
	"strings"
)

const (
	shownOfAnswer = 200
	shownOfError  = 300
	readOfAnswer  = 8 << 10
)

var (
	htmlPage  = regexp.MustCompile(`(?i)^\s*(<!doctype html|<html|<head|<body)`)
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	// What should not be in an error message: values of telling names, JSON web tokens, and long opaque words.
	namedSecret  = regexp.MustCompile(`(?i)("?[\w.-]*(?:password|passwd|secret|token|authorization|cookie|api[_-]?key|credential)[\w.-]*"?\s*[:=]\s*)("[^"]*"|'[^']*'|(?:(?:bearer|basic)\s+)?[^\s,;}]+)`)
	opaqueSecret = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*|[A-Za-z0-9+=_]{41,}`)
)

// excerpt shows the beginning of an answer in one line, as it may stand in an error: of a page only its title, and
// nothing that looks like a secret.
func excerpt(body []byte) string {
	text := strings.ToValidUTF8(string(body[:min(len(body), readOfAnswer)]), "?")
	switch {
	case strings.TrimSpace(text) == "":
		return "(nothing)"
	case htmlPage.MatchString(text):
		return "a page of HTML" + titleOf(text)
	}
	return cut(masked(strings.Join(strings.Fields(text), " ")), shownOfAnswer)
}

func titleOf(page string) string {
	found := htmlTitle.FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return `, titled "` + cut(masked(html.UnescapeString(strings.Join(strings.Fields(found[1]), " "))), shownOfAnswer) + `"`
}

// shortened is an error's text as it may stand among others.
func shortened(text string) string { return cut(strings.Join(strings.Fields(text), " "), shownOfError) }

func masked(text string) string {
	return opaqueSecret.ReplaceAllString(namedSecret.ReplaceAllString(text, "$1..."), "...")
}

func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "..."
}
