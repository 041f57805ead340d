# Tells what is at each of PATHS, one a line: path, kind, mode, SHA-256 sum, target of a link; "-" for what it has not.
say machine "$(uname -m)"
printf '%s\n' "$PATHS" | while IFS= read -r path; do
	if [ -L "$path" ]; then
		state=-
		[ -e "$path" ] || state=dangling
		say thing "$path link - $state $(readlink -- "$path")"
	elif [ -f "$path" ]; then
		say thing "$path file $(stat -c %a -- "$path") $(sha256sum <"$path" | cut -d ' ' -f 1)"
	elif [ -e "$path" ]; then
		say thing "$path other - -"
	else
		say thing "$path absent - -"
	fi
done
