# Removes THINGS, "file SUM PATH" or "link TARGET PATH" a line, as far as they are still what they were, and tells which
# are not.
printf '%s\n' "$THINGS" | while read -r kind token path; do
	if [ ! -e "$path" ] && [ ! -L "$path" ]; then
		continue
	fi
	now=
	if [ -L "$path" ]; then
		[ "$kind" != link ] || now=$(readlink -- "$path")
	elif [ -f "$path" ] && [ "$kind" = file ]; then
		now=$(sha256sum <"$path" | cut -d ' ' -f 1)
	fi
	if [ "$now" = "$token" ]; then
		rm -f -- "$path" || exit 1
	else
		say kept "$path"
	fi
done
