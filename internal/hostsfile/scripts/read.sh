# Tells the content of FILE.
say user "$(id -u)"
if [ ! -e "$FILE" ] && { [ -x "$(dirname -- "$FILE")" ] || [ ! -e "$(dirname -- "$FILE")" ]; }; then
	say verdict missing
elif [ -e "$FILE" ] && [ ! -f "$FILE" ]; then
	say verdict other
elif [ ! -r "$FILE" ]; then
	say verdict denied
else
	blob content <"$FILE"
	say verdict ok
fi
