package helm_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
)

func TestMergeValues(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		docs []string
		want map[string]any
	}{
		"none":          {nil, map[string]any{}},
		"empty ones":    {[]string{"", "# only words\n", "null", "---\n"}, map[string]any{}},
		"maps merge":    {[]string{"a: {x: 1, z: 2}\n", "a: {z: 3}\n"}, map[string]any{"a": map[string]any{"x": int64(1), "z": int64(3)}}},
		"lists replace": {[]string{"a: [1, 2]\n", "a: [3]\n"}, map[string]any{"a": []any{int64(3)}}},
		"null stays":    {[]string{"a: {x: 1}\n", "a: null\n"}, map[string]any{"a": nil}},
		"kinds change":  {[]string{"a: {x: 1}\n", "a: text\n"}, map[string]any{"a": "text"}},
		"numbers":       {[]string{"big: 12345678901\nhalf: 0.5\nround: 1.0\n"}, map[string]any{"big": int64(12345678901), "half": 0.5, "round": int64(1)}},
		"YAML 1.1":      {[]string{"a: yes\nb: 'no'\n"}, map[string]any{"a": true, "b": "no"}},
		"anchors":       {[]string{"base: &b {x: 1}\nmore:\n  <<: *b\n  z: 2\n"}, map[string]any{"base": map[string]any{"x": int64(1)}, "more": map[string]any{"x": int64(1), "z": int64(2)}}},
		"JSON":          {[]string{`{"a": {"b": [true, null, "x"]}}`}, map[string]any{"a": map[string]any{"b": []any{true, nil, "x"}}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := helm.MergeValues(c.docs)
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestMergeValues_ErrorsNameThePlace(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ doc, at string }{
		"open list":       {"a: 1\nb: [1,2\nc: 3\n", "line 3, column"},
		"two colons":      {"a: 1\nb: c: d\n", "line 2, column 5"},
		"tab":             {"a:\n\tb: 1\n", "line 2, column 1"},
		"indentation":     {"a: 1\n b: 2\n", "line 2, column"},
		"open quote":      {"a: \"x\n", "line 2, column"},
		"unknown anchor":  {"a: &x 1\nb: *y\n", "line 2, column 4"},
		"odd character":   {"a: @geheim\n", "line 1, column 4"},
		"twice":           {"a: 1\nb:\n  c: 1\n  c: 2\n", `line 4, column 3: key "c" is here twice`},
		"template":        {"a: 1\nb: {{ geheim }}\n", "line 2, column 5: a key cannot be a map"},
		"list":            {"- a\n- b\n", "line 1, column 1: values must be a mapping"},
		"text":            {"\n\ngeheim\n", "line 3, column 1: values must be a mapping"},
		"second document": {"a: 1\n---\nb: 2\n", "a second YAML document begins here"},
		"wrong kind":      {"a: !!int geheim\n", "not YAML that Helm understands"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := helm.MergeValues([]string{"fine: true\n", c.doc})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "values document 2") || !strings.Contains(err.Error(), c.at) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "geheim") {
				t.Errorf("a value shows: %v", err)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	values := map[string]any{
		"image": "nginx", "adminPassword": "correct horse", "existingSecretName": "my-secret", "tokenTTL": "24h",
		"users": []any{map[string]any{"api_key": "k-123456"}}, "token": "on",
	}
	secret := map[string]any{"any": "thing here", "number": 987654, "pem": "-----BEGIN KEY-----\nMIIBVwIBADANBg\n-----END KEY-----\n", "quote": `say "please"`, "flag": true}
	cases := map[string]struct{ text, want string }{
		"secret value":       {"got thing here today", "got (secret) today"},
		"number":             {"port 987654 is odd", "port (secret) is odd"},
		"by name":            {"bad password correct horse", "bad password (secret)"},
		"in a list":          {"key k-123456", "key (secret)"},
		"base64":             {"data: dGhpbmcgaGVyZQ==", "data: (secret)"},
		"line of a PEM":      {"cannot parse MIIBVwIBADANBg", "cannot parse (secret)"},
		"quoted":             {`got "say \"please\""`, `got "(secret)"`},
		"names stay":         {"nginx my-secret 24h true on", "nginx my-secret 24h true on"},
		"several at a time":  {"thing here, correct horse", "(secret), (secret)"},
		"nothing to be seen": {"all is well", "all is well"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := helm.Redact(values, secret, c.text); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
