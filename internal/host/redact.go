package host

import (
	"slices"
	"strings"
)

// redactor blots secrets out of texts for people.
type redactor []string

// minSecret is the length below which a secret is not looked for: blotting out each "a" would hide the message and
// tell the secret.
const minSecret = 4

func (r redactor) with(more ...string) redactor { return append(slices.Clone(r), more...) }

func (r redactor) clean(text string) string {
	for _, secret := range r {
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, "(redacted)")
		}
	}
	return text
}
