# Follows URL's redirects, five at most, until one ends in a version of RKE2, without loading what it points to.
at=$URL
hops=0
while [ "$hops" -lt 5 ]; do
	hops=$((hops + 1))
	errors=
	if has curl; then
		answer=$(curl --silent --show-error --connect-timeout 20 --max-time 60 --output /dev/null \
			--write-out '%{http_code} %{redirect_url}' "$at" 2>&1)
		code=$?
		status=${answer%% *}
		next=${answer#* }
		if [ "$code" != 0 ]; then
			errors=$answer
		fi
	elif has wget; then
		answer=$(wget -T 60 -S --max-redirect=0 -O /dev/null "$at" 2>&1)
		code=$?
		status=$(printf '%s\n' "$answer" | sed -n 's/^ *HTTP\/[0-9.]* \([0-9][0-9][0-9]\).*/\1/p' | tail -n 1)
		next=$(printf '%s\n' "$answer" | sed -n 's/^ *[Ll]ocation: \([^ ]*\).*/\1/p' | tail -n 1 | tr -d '\r')
		if [ -z "$status" ]; then
			errors=$answer
		else
			code=0
		fi
	else
		say missing downloader
		exit 0
	fi
	say exit "$code"
	say status "$status"
	if [ -n "$errors" ]; then
		say error "$errors"
		exit 0
	fi
	if [ -z "$next" ]; then
		say end "$at"
		break
	fi
	at=$next
	case ${at##*/} in
	v[0-9]*rke2r*)
		say version "${at##*/}"
		break
		;;
	esac
done
