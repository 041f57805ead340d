package jointoken_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/jointoken"
)

func TestFormat_ParsesBack(t *testing.T) {
	t.Parallel()
	ca := []byte("-----BEGIN CERTIFICATE-----\n")
	text := jointoken.Format(ca, "server", "pass:word")
	token, err := jointoken.Parse(text + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if token.User != "server" || token.Password != "pass:word" || token.CAHash != jointoken.Hash(ca) {
		t.Errorf("got %+v of %s", token, text)
	}
	if err := token.CheckCA(ca); err != nil {
		t.Error(err)
	}
	if err := token.CheckCA([]byte("another")); err == nil || !strings.Contains(err.Error(), "token CA hash does not match") {
		t.Errorf("another CA: %v", err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a", 64)
	for text, want := range map[string]string{
		"secret":                "",
		"K10" + hash + "::n:p":  "",
		"K10::n:p":              "",
		"":                      "token must not be empty",
		"K10abc::n:p":           "invalid token CA hash length",
		"K10" + hash + "::n":    "invalid token format",
		"K10" + hash + "::n:":   "invalid token format",
		"K10nothing-that-fits":  "invalid token format",
		"K10" + hash + ":n:p::": "invalid token CA hash length",
	} {
		got := ""
		if _, err := jointoken.Parse(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestParse_BarePasswordAcceptsAnyCA(t *testing.T) {
	t.Parallel()
	token, err := jointoken.Parse("secret")
	if err != nil || token.Password != "secret" || token.CheckCA([]byte("x")) != nil {
		t.Errorf("got %+v, %v", token, err)
	}
}

func TestNewPassword_Differs(t *testing.T) {
	t.Parallel()
	if a, b := jointoken.NewPassword(), jointoken.NewPassword(); a == b || len(a) != 32 {
		t.Errorf("%s, %s", a, b)
	}
}
