# Tells about Docker, k3d and its clusters. "docker" is ok, missing or down, and "error" is what was said then.
say machine "$(uname -m)"
if [ -f "$KUBECONFIG_FILE" ]; then
	say kubeconfig "$(stat -c '%a %u' -- "$KUBECONFIG_FILE")"
else
	say kubeconfig absent
fi
if has k3d; then
	say k3d "$(command -v k3d)"
	if [ -f "$MARK" ] && [ "$(cat "$MARK")" = "$(sha256sum <"$(command -v k3d)" | cut -d ' ' -f 1)" ]; then
		say ours "$(cat "$MARK")"
	fi
	say version "$(k3d version 2>/dev/null | sed -n 's/^k3d version \(v[^ ]*\).*/\1/p')"
fi
if ! has docker; then
	say docker missing
	exit 0
fi
if ! said=$(docker info --format '{{.ServerVersion}}' 2>&1); then
	say docker down
	say error "$(printf '%s\n' "$said" | tail -n 1)"
	exit 0
fi
say docker ok
has k3d || exit 0
list=$(mktemp) || exit 1
trap 'rm -f -- "$list" "$list.said"; echo "@terraform-provider-lab end"' EXIT
if k3d cluster list -o json >"$list" 2>"$list.said"; then
	blob clusters <"$list"
else
	say error "$(tail -n 3 "$list.said")"
fi
say subnet "$(docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}} {{end}}' "$NETWORK" 2>/dev/null | cut -d ' ' -f 1)"
