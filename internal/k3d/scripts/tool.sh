# Makes the empty working directory STAGE when FROM is empty. Else it takes STAGE away, after it has put FROM in place of TO
# when MOVE says so, and remembers its sum in MARK.
if [ -z "$FROM" ]; then
	rm -rf -- "$STAGE"
	said=$(mkdir -p -m 0755 -- "$(dirname -- "$STAGE")" 2>&1 && mkdir -m 0700 -- "$STAGE" 2>&1) || printf '%s' "$said" | blob error
	exit 0
fi
if [ -n "$MOVE" ]; then
	if said=$(mv -fT -- "$FROM" "$TO" 2>&1); then
		mkdir -p -m 0700 -- "$(dirname -- "$MARK")"
		sha256sum <"$TO" | cut -d ' ' -f 1 >"$MARK"
	else
		printf '%s' "$said" | blob error
	fi
fi
rm -rf -- "$STAGE"
