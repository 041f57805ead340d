# Asks a server on this machine whether it is usable: its supervisor, its API, its kubeconfig. In: DATA_DIR, KUBECONFIG,
# SUPERVISOR, API.
get() {
	if has curl; then
		curl --silent --show-error --insecure --max-time 5 "$@"
	else
		shift_options "$@"
		wget -q -T 5 --no-check-certificate -O - "$last"
	fi
}
shift_options() {
	for last in "$@"; do :; done
}

if has curl || has wget; then
	say ping "$(get "$SUPERVISOR/ping" 2>&1 | head -c 200)"
	tls=$DATA_DIR/server/tls
	if [ -r "$tls/client-admin.crt" ] && [ -r "$tls/client-admin.key" ]; then
		say readyz "$(get --cert "$tls/client-admin.crt" --key "$tls/client-admin.key" "$API/readyz" 2>&1 | head -c 400)"
	else
		say readyz "$(get "$API/readyz" 2>&1 | head -c 400)"
	fi
else
	say downloader no
fi
if [ -s "$KUBECONFIG" ]; then
	say kubeconfig yes
fi
