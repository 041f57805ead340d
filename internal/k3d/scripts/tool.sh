# Without FROM it makes the empty working directory STAGE; with it, it puts FROM in place of TO and takes STAGE away.
if [ -z "$FROM" ]; then
	rm -rf -- "$STAGE"
	said=$(mkdir -p -m 0755 -- "$(dirname -- "$STAGE")" 2>&1 && mkdir -m 0700 -- "$STAGE" 2>&1) || printf '%s' "$said" | blob error
	exit 0
fi
said=$(mv -fT -- "$FROM" "$TO" 2>&1) || printf '%s' "$said" | blob error
rm -rf -- "$STAGE"
