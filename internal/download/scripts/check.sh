# Compares FOLDER/PART with SUM and makes the program FOLDER/PROGRAM of it, out of an archive where ARCHIVE says so. The
# verdict is one word.
cd "$FOLDER" || exit 1
got=$(sha256sum <"./$PART" | cut -d ' ' -f 1)
say sum "$got"
if [ "$got" != "$SUM" ]; then
	rm -f -- "./$PART"
	say verdict checksum
	exit 0
fi
if [ -n "$ARCHIVE" ]; then
	member=$(tar -tzf "./$PART" 2>/dev/null | awk -v program="$PROGRAM" '{ n = split($0, part, "/") } part[n] == program { print; exit }')
	if [ -z "$member" ]; then
		rm -f -- "./$PART"
		say verdict member
		exit 0
	fi
	said=$({ tar -xzOf "./$PART" "$member" >"./$PROGRAM"; } 2>&1)
	code=$?
	rm -f -- "./$PART"
else
	said=$(mv -f -- "./$PART" "./$PROGRAM" 2>&1)
	code=$?
fi
if [ "$code" != 0 ]; then
	rm -f -- "./$PROGRAM"
	say error "$said"
	case $said in *'No space left'*) say verdict space ;; *) say verdict failed ;; esac
	exit 0
fi
chown 0:0 "./$PROGRAM" 2>/dev/null
chmod 0755 "./$PROGRAM"
say binary "$(sha256sum <"./$PROGRAM" | cut -d ' ' -f 1)"
say verdict ok
