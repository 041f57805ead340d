package host

import (
	"maps"
	"slices"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// A command reaches the host as text on the standard input of a shell, never as an argument: nothing of it shows in
// the process list, in sshd's log or in a ForceCommand's SSH_ORIGINAL_COMMAND, and no login shell (fish, csh) gets to
// interpret it. The exec request is always the same short program, named after the command's tag.

// bootstrap reads lines until it meets its own name, takes the next line as a script in printf's %b escapes, and
// becomes it; what follows on the input is left for the script, because read takes one byte at a time. Lines
// before the name are passwords that sudo did not ask for.
const bootstrap = `until [ "$l" = "$0" ]; do IFS= read -r l || exit 97; done; IFS= read -r s; eval "$(printf %b "$s")"`

// launch is the exec request for the command with this tag. It uses no character that any known login shell would
// understand differently from sh.
func launch(tag string) string {
	return "exec /bin/sh -c '" + bootstrap + "' " + tag
}

// feed is what the bootstrap named tag must read to become the script.
func feed(tag, script string) string {
	return tag + "\n" + strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(script) + "\n"
}

// prelude opens every script. It tells on both outputs that the command itself begins here, so that what a login
// script wrote before is not taken for an answer, and leaves the process, process group and session for a
// later kill. The first positional parameter is SSH_CONNECTION, which sudo does not pass on. The path is
// extended because sshd gives non-root users none of the sbin directories.
const prelude = `lab_connection=${1:-$SSH_CONNECTION}
IFS= read -r l </proc/$$/stat && set -- ${l##*) }
printf '%s begin %s %s\n' "$0" "$$" "$4" >&2
printf '%s begin\n' "$0"
LAB_COMMAND=$0
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export LAB_COMMAND PATH LC_ALL
umask 022
set --
`

// body is the script of a command: prelude, environment and then the program or the script itself.
func body(c Command) string {
	var b strings.Builder
	b.WriteString(prelude)
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		b.WriteString("export " + name + "=" + shellescape.Quote(c.Env[name]) + "\n")
	}
	if len(c.Args) > 0 {
		b.WriteString("exec " + shellescape.QuoteCommand(c.Args) + "\n")
		return b.String()
	}
	b.WriteString(c.Script)
	return b.String()
}

// assign makes a line of shell that sets variables, for scripts that take parameters.
func assign(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString(pairs[i] + "=" + shellescape.Quote(pairs[i+1]) + "\n")
	}
	return b.String()
}
