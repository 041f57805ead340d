# Deletes cluster NAME when it was FOUND, its files in FOLDER, and the k3d that we put there when there are no OTHERS.
if [ -n "$FOUND" ]; then
	if ! said=$(k3d cluster delete "$NAME" 2>&1 </dev/null); then
		printf '%s' "$said" | tail -n 12 | blob error
		exit 0
	fi
fi
rm -rf -- "$FOLDER"
if [ -z "$OTHERS" ]; then
	if [ -n "$SUM" ] && [ -f "$TOOL" ] && [ "$(sha256sum <"$TOOL" | cut -d ' ' -f 1)" = "$SUM" ]; then
		rm -f -- "$TOOL"
	fi
	rm -f -- "$MARK"
fi
parent=$(dirname -- "$FOLDER")
rmdir -- "$parent" 2>/dev/null && rmdir -- "$(dirname -- "$parent")" 2>/dev/null
:
