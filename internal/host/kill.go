package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// hunt defines end, which ends all processes that belong to commands and reports whether that worked. They are those
// that carry the pattern $1 in their arguments (the shells and sudo) or environment (all that these started), and those
// in the same sessions, or in the session $2, which catches children that were started without the environment. A
// session counts only when its leader is one of them or is gone, because some servers run commands in their own.
// Processes in $skip are left alone. Closing the channel or sending a signal over SSH does not do all that: without a
// terminal a program lives on, and OpenSSH before 10 delivers no signals to root's commands.
const hunt = `add() {
  case " $skip $pids " in *" $1 "*) ;; *) pids="$pids $1" ;; esac
}
session() {
  case "$sessions" in *" $4 "*) ;; *) sessions="$sessions$4 " ;; esac
}
member() {
  case "$owned" in *" $5 "*) [ "$2" = Z ] || add "$1" ;; esac
}
collect() {
  pids= owned=' '
  for f in $(grep -ls -e "$1" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null); do
    f=${f#/proc/}; add "${f%%/*}"
  done
  for p in $pids; do
    IFS= read -r l <"/proc/$p/stat" && session ${l##*) }
  done 2>/dev/null
  for p in $sessions; do
    case " $pids " in *" $p "*) owned="$owned$p " ;; *) [ -e "/proc/$p" ] || owned="$owned$p " ;; esac
  done
  for f in /proc/[0-9]*/stat; do
    IFS= read -r l <"$f" && member "${l%% *}" ${l##*) }
  done 2>/dev/null
}
end() {
  sessions=" ${2:+$2 }"
  collect "$1"
  [ -z "$pids" ] || kill -TERM $pids 2>/dev/null
  n=0
  while collect "$1"; [ -n "$pids" ]; do
    n=$((n+1))
    [ $n -lt 20 ] || kill -KILL $pids 2>/dev/null
    [ $n -lt 25 ] || return 1
    sleep 0.1 2>/dev/null || sleep 1
  done
}
`

// pattern matches a tag or the beginning of tags, and not the process that looks for it.
func pattern(tag string) string { return strings.Replace(tag, "lab-", "la[b]-", 1) }

const (
	// killTime bounds the whole of ending a command; the script itself needs at most 2.5 s.
	killTime = 8 * time.Second
	// partTime is how long an ended command's session has to close.
	partTime = 2 * time.Second
)

// stoppedError says that a command was ended before its time.
type stoppedError struct {
	cause error
	// left is why the command could not be ended on the host.
	left error
}

func (e *stoppedError) Error() string {
	if e.left != nil {
		return fmt.Sprintf("%v; the command may still run on the host: %v", e.cause, e.left)
	}
	return e.cause.Error() + "; the command was ended on the host"
}

func (e *stoppedError) Unwrap() error { return e.cause }

// running is a command that has been started.
type running struct {
	session *ssh.Session
	tag     string
	wish    rootWish
	stderr  *capture
	ended   chan error
}

// stop ends a command with all its children, and then its session.
func (l *link) stop(ctx context.Context, r *running, cause error) error {
	if !l.alive() {
		return &stoppedError{cause: cause, left: l.reason()}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	err := l.kill(ctx, r)
	if errors.Is(err, errNoSession) {
		err = l.killFromOutside(ctx, r)
	}
	select {
	case end := <-r.ended:
		l.log.Debug("command was ended", slog.String("host", l.name), slog.Bool("by itself", end == nil))
	case <-time.After(partTime):
	}
	_ = r.session.Close()
	return &stoppedError{cause: cause, left: err}
}

func (l *link) kill(ctx context.Context, r *running) error {
	wish := asUser
	if r.wish != asUser && l.become.known() != nil {
		wish = asRootIfPossible
	}
	script := assign("t", pattern(r.tag), "s", sessionOf(r.stderr), "skip", "") + hunt + `end "$t" "$s"`
	_, err := l.run(ctx, job{title: "end " + r.tag, script: prelude + script, wish: wish, limit: l.kills, maxOutput: 4 << 10, noStop: true})
	return err
}

// killFromOutside ends a command over a connection of its own, for a server whose MaxSessions leaves no room beside
// the command itself.
func (l *link) killFromOutside(ctx context.Context, r *running) error {
	other, err := l.again(ctx)
	if err != nil {
		return err
	}
	defer other.end(errLinkClosed)
	other.become = l.become
	return other.kill(ctx, r)
}

// sessionOf reads the session's number out of the "begin PID SESSION" mark, "" when it has not come.
func sessionOf(stderr *capture) string {
	fields := strings.Fields(stderr.mark("begin "))
	if len(fields) < 2 {
		return ""
	}
	return fields[1]
}
