package host

// exitHeld is the lock script's way to say that somebody else has the lock.
const exitHeld = 83

// lockScript holds a lock for as long as its input lasts. The kernel keeps the lock with this process (flock), so that
// it cannot outlive it. The input ends when the connection does, also when the other side was killed; commands of
// that connection which still run are ended then, before anybody else gets the lock. A connection that went silent
// instead sends no end: the beats that touch the holder's file stop, and whoever waits ends the silent holder together
// with what that connection left running.
const lockScript = hunt + `command -v flock >/dev/null 2>&1 || { echo 'flock is not installed' >&2; exit 1; }
[ -d "$dir" ] || mkdir -p -- "$dir" || exit 1
info=$dir/$name.holder
exec 9>>"$dir/$name.lock" || exit 1
tell() { printf '%s\t%s\n' "$1" "$(tr '\n' '\t' 2>/dev/null <"$info")"; }
silent() {
  seen=$(stat -c %Y -- "$info" 2>/dev/null) || return 1
  [ $(($(date +%s) - seen)) -ge "$stale" ] || return 1
  IFS= read -r other <"$info" || return 1
  case $other in lab-?*-) ;; *) return 1 ;; esac
  tell silent
  end "la[b]-${other#lab-}"
}
started=$(date +%s) told=
until flock -n 9; do
  if silent; then continue; fi
  [ $(($(date +%s) - started)) -lt "$wait" ] || { tell held; exit 83; }
  [ "$told" ] || { tell waiting; told=1; }
  sleep 0.3 2>/dev/null || sleep 1
done
prefix=${0%-*}-
printf '%s\n' "$prefix" "$holder" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$$" "${lab_connection%% *}" >"$info.new" || exit 1
mv -f -- "$info.new" "$info"
echo acquired
released=
while IFS= read -r beat; do
  [ "$beat" != release ] || { released=1; break; }
  touch -- "$info"
done
if [ -z "$released" ]; then
  sessions=' '
  collect "la[b]-${0#lab-}"
  skip=$pids
  end "la[b]-${prefix#lab-}"
fi
rm -f -- "$info"
`
