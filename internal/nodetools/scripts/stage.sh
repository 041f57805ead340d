# Empties the working directory STAGE, and makes it, and BIN around it, when MAKE says so.
rm -rf -- "$STAGE"
[ -n "$MAKE" ] || exit 0
[ -d "$BIN" ] || mkdir -p -m 0755 -- "$BIN" || exit 1
mkdir -m 0700 -- "$STAGE" || exit 1
