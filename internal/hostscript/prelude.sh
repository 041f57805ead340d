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

echo '@terraform-provider-lab begin'
trap 'echo "@terraform-provider-lab end"' EXIT
