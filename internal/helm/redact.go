package helm

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// redactor takes secret values out of texts.
type redactor struct{ replacer *strings.Replacer }

// hidden stands where a secret was.
const hidden = "(secret)"

// shortestSecret keeps words like "on" from being taken out of every message.
const shortestSecret = 4

var (
	secretKey    = regexp.MustCompile(`(?i)(passw|passphrase|secret|token|credential|api_?key|private_?key|access_?key)`)
	notSecretKey = regexp.MustCompile(`(?i)(name|namespace|ref|enabled|create|path|dir|file|type|url|ttl|expiry|expiration|annotations|labels)s?$`)
)

// newRedactor hides every value in secret, and those in values whose key sounds like a secret.
func newRedactor(values, secret map[string]any) redactor {
	var found []string
	leaves(secret, func(_, value string) { found = append(found, value) })
	leaves(values, func(key, value string) {
		if secretKey.MatchString(key) && !notSecretKey.MatchString(key) {
			found = append(found, value)
		}
	})
	var forms []string
	for _, value := range found {
		for _, form := range disguises(value) {
			if len(form) >= shortestSecret {
				forms = append(forms, form)
			}
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, hidden)
	}
	return redactor{strings.NewReplacer(pairs...)}
}

// disguises are the forms in which a value shows up in messages: as it is, quoted, in base64 as in a Secret, and
// line by line.
func disguises(value string) []string {
	quoted := strconv.Quote(value)
	out := []string{value, quoted[1 : len(quoted)-1], base64.StdEncoding.EncodeToString([]byte(value))}
	if strings.Contains(value, "\n") {
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); len(line) > 2*shortestSecret {
				out = append(out, line)
			}
		}
	}
	return out
}

// leaves visits the scalars of a tree of values with the key that leads to them. Booleans are no secrets.
func leaves(at any, visit func(key, value string)) { visitLeaves("", at, visit) }

func visitLeaves(key string, at any, visit func(key, value string)) {
	switch at := at.(type) {
	case map[string]any:
		for k, v := range at {
			visitLeaves(k, v, visit)
		}
	case []any:
		for _, v := range at {
			visitLeaves(key, v, visit)
		}
	case nil, bool:
	case string:
		visit(key, at)
	default:
		visit(key, fmt.Sprint(at))
	}
}

func (r redactor) text(s string) string {
	if r.replacer == nil {
		return s
	}
	return r.replacer.Replace(s)
}

// err takes secrets out of an error. Where there are some, the chain behind the error is cut, because its parts
// would still tell them; the kind stays.
func (r redactor) err(err error) error {
	if err == nil {
		return nil
	}
	text := r.text(err.Error())
	if text == err.Error() {
		return err
	}
	return fault.New(fault.KindOf(err), errors.New(text))
}
