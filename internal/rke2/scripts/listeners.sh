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
