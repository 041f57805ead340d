# Fetches URL, or copies the file SOURCE, into the file STAGE/NAME. With SHOW the content is told as well. It tells how
# it went in exit, status and error and leaves the judgement to the caller.
cd "$STAGE" || exit 1
out=$(pwd)/$NAME
status=
if [ -n "$SOURCE" ]; then
	say tool cp
	if [ ! -e "$SOURCE" ]; then
		say missing "$SOURCE"
	fi
	said=$(cp -- "$SOURCE" "$out" 2>&1)
	code=$?
elif has curl; then
	say tool curl
	said=$(curl --location --silent --show-error --fail --connect-timeout 20 --speed-limit 1 --speed-time 60 \
		--output "$out" --write-out '%{http_code}' "$URL" 2>&1)
	code=$?
	status=$(printf '%s' "$said" | tail -c 3)
	said=${said%???}
else
	say tool wget
	said=$(wget -T 60 -O "$out" "$URL" 2>&1)
	code=$?
	status=$(printf '%s\n' "$said" | sed -n 's/.*\(ERROR\|error\|HTTP\/1.1\|HTTP\/1.0\) \([0-9][0-9][0-9]\).*/\2/p' | tail -n 1)
fi
say exit "$code"
say status "$status"
if [ "$code" != 0 ]; then
	say error "$(printf '%s\n' "$said" | tail -n 3)"
	say free_kib "$(df -Pk . | awk 'NR == 2 { print $4 }')"
	rm -f -- "$out"
elif [ -n "$SHOW" ]; then
	blob content <"$out"
fi
