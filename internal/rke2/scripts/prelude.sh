# Every script is sent with this in front. An answer is a block of lines between two marks, so that whatever a
# shell's start-up files print does not matter: "s KEY VALUE" is text on one line, "b KEY BASE64" is bytes.
set -u
export LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin

say() {
	printf 's %s %s\n' "$1" "$(printf '%s' "${2-}" | tr '\n\r' '  ')"
}

blob() {
	printf 'b %s ' "$1"
	base64 | tr -d '\n'
	echo
}

has() {
	command -v "$1" >/dev/null 2>&1
}

# listeners PORTS: says who listens on each of these TCP ports: port, pid, program and control group.
listeners() {
	if has ss; then
		ss -Hltnp 2>/dev/null | awk '{ print $4, $6 }' | while read -r local users; do
			port=${local##*:}
			case " $1 " in *" $port "*) ;; *) continue ;; esac
			pid=$(printf '%s' "$users" | sed -n 's/.*pid=\([0-9]*\).*/\1/p')
			say listener "$port ${pid:-0} $(cat "/proc/${pid:-0}/comm" 2>/dev/null || echo unknown) $(sed -n 's/^[0-9]*:[^:]*://p' "/proc/${pid:-0}/cgroup" 2>/dev/null | tail -n 1)"
		done
		return
	fi
	# Without ss: state 0A is LISTEN, and the port is hexadecimal (proc(5)). Who it is remains unknown.
	for wanted in $1; do
		if cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf ':%04X' "$wanted")" \
			'$4 == "0A" && index($2, port) == length($2) - 4 { found = 1 } END { exit !found }'; then
			say listener "$wanted 0 unknown"
		fi
	done
}

echo '@terraform-provider-lab begin'
trap 'echo "@terraform-provider-lab end"' EXIT
