if [ -n "$FOUND" ]; then
	if ! said=$(k3d cluster delete "$NAME" 2>&1 </dev/null); then
		printf '%s' "$said" | tail -n 12 | blob error
		exit 0
	fi
fi
rm -rf -- "$FOLDER"
rmdir -- "$(dirname -- "$FOLDER")" 2>/dev/null && rmdir -- "$(dirname -- "$(dirname -- "$FOLDER")")" 2>/dev/null
if [ -n "$SUM" ] && [ -z "$OTHERS" ] && [ -f "$TOOL" ] && [ "$(sha256sum <"$TOOL" | cut -d ' ' -f 1)" = "$SUM" ]; then
	rm -f -- "$TOOL"
fi
