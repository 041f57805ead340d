package hosttest

import (
	"fmt"

	"al.essio.dev/pkg/shellescape"
)

// SudoKind is how a stand-in for sudo treats the user.
type SudoKind string

// The kinds of sudo.
const (
	SudoFree         SudoKind = "free"           // NOPASSWD
	SudoPassword     SudoKind = "password"       // asks for the password
	SudoTTY          SudoKind = "tty"            // Defaults requiretty
	SudoNotInSudoers SudoKind = "not-in-sudoers" // asks for the password and then refuses
)

// Sudo returns stand-ins for sudo and id, for ServerOptions.Bin: the user is 1000 and becomes 0 through sudo. Each
// password that is tried adds a line to sudo.log in the server's directory.
func Sudo(kind SudoKind, password string) map[string]string {
	return map[string]string{
		"id": `case "$1" in
-u) echo "${STAND_IN_UID:-1000}" ;;
-un) [ "${STAND_IN_UID:-1000}" = 0 ] && /usr/bin/id -un || echo tester ;;
*) exec /usr/bin/id "$@" ;;
esac
`,
		"sudo": fmt.Sprintf("kind=%s password=%s\n", kind, shellescape.Quote(password)) + `quiet=
while [ $# -gt 0 ]; do
  case $1 in
  -n) quiet=1; shift ;;
  -p) shift 2 ;;
  --) shift; break ;;
  -*) shift ;;
  *) break ;;
  esac
done
ask() {
  [ -z "$quiet" ] || { echo 'sudo: a password is required' >&2; exit 1; }
  IFS= read -r answer || { echo 'sudo: no password was provided' >&2; exit 1; }
  echo tried >>"$HOME/sudo.log"
  [ "$answer" = "$password" ] || { echo 'Sorry, try again.
sudo: no password was provided
sudo: 1 incorrect password attempt' >&2; exit 1; }
}
case $kind in
tty) echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1 ;;
password) ask ;;
not-in-sudoers) ask; echo 'tester is not in the sudoers file.' >&2; exit 1 ;;
esac
STAND_IN_UID=0; export STAND_IN_UID
exec "$@"
`,
	}
}
