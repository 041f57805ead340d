package kube

import (
	"encoding/base64"
	"strings"

	"k8s.io/client-go/rest"
)

// redactor takes one client's credentials out of error texts. Nothing is known to put them there; this makes it
// a property of this package instead of everything below it.
type redactor struct{ replace *strings.Replacer }

// shortest is the length below which a credential is not replaced: it would be found in ordinary words.
const shortest = 8

func newRedactor(cfg *rest.Config) *redactor {
	var pairs []string
	for _, secret := range []string{cfg.BearerToken, cfg.Password, string(cfg.KeyData)} {
		secret = strings.TrimSpace(secret)
		if len(secret) < shortest {
			continue
		}
		pairs = append(pairs, secret, "(redacted)", base64.StdEncoding.EncodeToString([]byte(secret)), "(redacted)")
	}
	return &redactor{strings.NewReplacer(pairs...)}
}

func (r *redactor) clean(err error) error {
	text := err.Error()
	if cleaned := r.replace.Replace(text); cleaned != text {
		return cleanedError{cleaned, err}
	}
	return err
}

// cleanedError has a text without credentials and keeps the chain for errors.As.
type cleanedError struct {
	text string
	err  error
}

// Error returns the cleaned text.
func (e cleanedError) Error() string { return e.text }

// Unwrap returns the error as it was.
func (e cleanedError) Unwrap() error { return e.err }
