package host

import (
	"context"
	"strings"
	"sync"

	"al.essio.dev/pkg/shellescape"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// How the SSH user becomes root; the values of Facts.Root.
const (
	rootAlready  = "root"
	rootSudo     = "sudo"
	rootPassword = "sudo with password" //nolint:gosec // the name of a way, not a password
	rootNone     = ""
)

// rootWish says how much a command wants to be root.
type rootWish int

const (
	asUser rootWish = iota
	asRoot
	// asRootIfPossible falls back to the SSH user where that user has no way to root at all. A refused sudo
	// password is an error all the same: somebody meant it to work.
	asRootIfPossible
)

// probe finds out how this user may become root and tells by one line on stderr. sudo is tried with the very
// program that is run later, because sudoers may allow some programs only; -k keeps a cached password from
// looking like a right. The password arrives on the input, once for the test and once for sudo itself.
const probe = `u=$(id -un)
if [ "$(id -u)" = 0 ]; then w=root
elif ! command -v sudo >/dev/null 2>&1; then w=none; r='sudo is not installed'
elif r=$(sudo -k -n -- /bin/sh -c : 2>&1 </dev/null); then w=sudo
elif [ -z "$havepassword" ]; then w=none
else
  IFS= read -r p
  if r=$(printf '%s\n' "$p" | sudo -k -S -p '' -- /bin/sh -c : 2>&1); then w=password
  else case $r in *'incorrect '*|*'no password was'*|*'ry again'*) w=refused ;; *) w=none ;; esac; fi
  p=
fi
printf '%s become %s %s %s\n' "$0" "$w" "$u" "$(printf %s "$r" | tr '\n\t' '  ' | head -c 2000)" >&2
`

// ascend runs the inner bootstrap in the way that was found ($w). In the case of "none" it goes on as the user
// when that is good enough ($soft).
const ascend = `case $w in
root) exec /bin/sh -c "$b" "$0" "$SSH_CONNECTION" ;;
sudo) exec sudo -n -H -- /bin/sh -c "$b" "$0" "$SSH_CONNECTION" ;;
password) exec sudo -k -S -p '' -H -- /bin/sh -c "$b" "$0" "$SSH_CONNECTION" ;;
none) [ -z "$soft" ] || exec /bin/sh -c "$b" "$0" "$SSH_CONNECTION" ;;
esac
exit 1
`

var waysOnHost = map[string]string{rootAlready: "root", rootSudo: "sudo", rootPassword: "password", rootNone: "none"}

// ascent is the input that makes a command run as root: the outer script, the passwords that it may read, and the
// inner script.
func ascent(tag, script, password string, known *ascentResult, wish rootWish) string {
	var outer strings.Builder
	outer.WriteString("LC_ALL=C; export LC_ALL; soft= havepassword=\n" + assign("b", bootstrap))
	if wish == asRootIfPossible {
		outer.WriteString("soft=1\n")
	}
	passwords := 0
	if known == nil {
		if password != "" {
			outer.WriteString("havepassword=1\n")
			passwords = 2
		}
		outer.WriteString(probe)
	} else {
		outer.WriteString("w=" + shellescape.Quote(waysOnHost[known.way]) + "\n")
		if known.way == rootPassword {
			passwords = 1
		}
	}
	outer.WriteString(ascend)
	return feed(tag, outer.String()) + strings.Repeat(password+"\n", passwords) + feed(tag, script)
}

// ascentResult is what a probe found: the way, or why there is none.
type ascentResult struct {
	way, user string
	// refused says that a password was tried and was not accepted.
	refused bool
	reason  string
}

// parseAscent reads what follows "TAG become " in the probe's line.
func parseAscent(text string) *ascentResult {
	way, rest, _ := strings.Cut(text, " ")
	user, reason, _ := strings.Cut(rest, " ")
	r := &ascentResult{user: user, reason: strings.TrimSpace(reason)}
	switch way {
	case "root":
		r.way = rootAlready
	case "sudo":
		r.way = rootSudo
	case "password":
		r.way = rootPassword
	case "refused":
		r.refused = true
	}
	return r
}

// err explains why a wish cannot be granted; nil when it can.
func (r *ascentResult) err(wish rootWish) error {
	if r.way != rootNone || (wish == asRootIfPossible && !r.refused) {
		return nil
	}
	return fault.Newf(fault.Denied, "user %s cannot become root: %s", r.user, r.explain(r.reason))
}

// explain puts sudo's words (sudo 1.8 to 1.9, and sudo-rs, with LC_ALL=C) into ones that say what to do. It is
// the one place where they are matched; an unknown text is passed on.
func (r *ascentResult) explain(text string) string {
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(text, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("must have a tty", "a terminal is required to read"):
		return "sudo there asks for a terminal (requiretty); allow this user to go without: Defaults:" + r.user + " !requiretty"
	case has("not in the sudoers file", "not allowed to execute", "may not run sudo", "not allowed to run sudo"):
		return "the user has no right to run /bin/sh by sudo (" + text + ")"
	case r.refused:
		return "the sudo password was refused"
	case has("password is required", "interactive authentication is required"):
		return "sudo asks for a password and none is configured (sudo_password)"
	case text == "":
		return "sudo failed without a word"
	}
	return text
}

// become remembers, for one connection, how root is had, and lets only one command at a time find out: several wrong
// passwords at once would lock the account.
type become struct {
	turn chan struct{}

	mu    sync.Mutex
	found *ascentResult
}

func newBecome() *become { return &become{turn: make(chan struct{}, 1)} }

func (b *become) known() *ascentResult {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found
}

// enter returns what is known. When it is nothing yet, the caller is the one to find out and must call done once.
func (b *become) enter(ctx context.Context) (found *ascentResult, done func(*ascentResult), err error) {
	if r := b.known(); r != nil {
		return r, nil, nil
	}
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if r := b.known(); r != nil {
		<-b.turn
		return r, nil, nil
	}
	var once sync.Once
	return nil, func(r *ascentResult) {
		once.Do(func() {
			b.mu.Lock()
			b.found = r
			b.mu.Unlock()
			<-b.turn
		})
	}, nil
}
