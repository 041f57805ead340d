package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestChosen_ByNameOrArgument(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		argv []string
		want string // the arguments of the one that is called "one", or what the error says
	}{
		"argument":              {[]string{"/usr/local/bin/standins", "one", "a", "b"}, "a b"},
		"own name":              {[]string{"/usr/local/bin/one", "a", "b"}, "a b"},
		"own name, its own too": {[]string{"one", "one"}, "one"},
		"another":               {[]string{"standins", "three"}, "NAME one of one, two"},
		"nothing":               {[]string{"standins"}, "NAME one of one, two"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			all := map[string]standin{
				"one": func(_ context.Context, args []string) error { got = slices.Clone(args); return nil },
				"two": func(context.Context, []string) error { return errors.New("the wrong one") },
			}
			run, args, err := chosen(all, c.argv)
			if err == nil {
				err = run(t.Context(), args)
			}
			text := strings.Join(got, " ")
			if err != nil {
				text = err.Error()
			}
			if !strings.HasSuffix(text, c.want) {
				t.Errorf("got %q", text)
			}
		})
	}
}
