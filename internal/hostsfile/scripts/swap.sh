# Puts what is on the input (digest NEW) in place of FILE when that still has the digest OLD, or is absent. The lock is
# on the directory itself, so that nothing is left behind. Mode, owner and security context stay. Where the name cannot
# be taken over by a rename, because the file is a mount point as in containers or has another name, it is
# written in place.
say user "$(id -u)"
path=$FILE
if [ -L "$path" ]; then
	path=$(readlink -f -- "$path")
fi
dir=$(dirname -- "$path")
if [ ! -d "$dir" ]; then
	say verdict folder
	exit 0
fi
if ! has flock; then
	say verdict flock
	exit 0
fi
if { [ -e "$path" ] && [ ! -w "$path" ]; } || { [ ! -e "$path" ] && [ ! -w "$dir" ]; } || [ ! -r "$dir" ]; then
	say verdict denied
	exit 0
fi
exec 9<"$dir"
if ! flock -w 60 9; then
	say verdict locked
	exit 0
fi

fail() {
	case $1 in *'No space left'*) say verdict space ;; *) say verdict failed ;; esac
	say error "$1"
	exit 0
}

digest() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

temporary=
trap '[ -z "$temporary" ] || rm -f -- "$temporary"; echo "@terraform-provider-lab end"' EXIT
trap 'exit 143' HUP INT TERM
rename=yes
temporary=$(mktemp "$dir/.lab-XXXXXX" 2>/dev/null) || {
	rename=
	said=$(mktemp 2>&1) || fail "$said"
	temporary=$said
}
if [ -e "$path" ] && [ -n "$rename" ]; then
	cp -a -- "$path" "$temporary" 2>/dev/null || rename=
	[ "$(stat -c '%u %g %a' -- "$path")" = "$(stat -c '%u %g %a' -- "$temporary")" ] || rename=
	[ "$(stat -c %h -- "$path")" = 1 ] || rename=
fi
said=$({ cat >"$temporary"; } 2>&1) || fail "$said"
[ "$(digest "$temporary")" = "$NEW" ] || fail 'the content did not arrive whole'
touch -- "$temporary"
now=absent
[ ! -e "$path" ] || now=$(digest "$path")
if [ "$now" != "$OLD" ]; then
	say verdict changed
	exit 0
fi
if [ ! -e "$path" ]; then
	chmod 0644 "$temporary"
fi
sync -- "$temporary" 2>/dev/null || sync
if [ -n "$rename" ] && mv -f -- "$temporary" "$path" 2>/dev/null; then
	temporary=
	say how renamed
else
	said=$({ cat "$temporary" >"$path"; } 2>&1) || fail "$said"
	say how 'written in place'
fi
[ "$(digest "$path")" = "$NEW" ] || fail 'the file is not what was written'
say verdict ok
