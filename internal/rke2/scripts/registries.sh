# Keeps a copy of FILE as BACKUP unless there is one, or drops FILE and brings the copy back.
case $VERB in
keep)
	if [ ! -e "$BACKUP" ]; then
		cp -p -- "$FILE" "$BACKUP" || exit 1
	fi
	;;
drop)
	if [ -e "$BACKUP" ]; then
		mv -f -- "$BACKUP" "$FILE" || exit 1
	else
		rm -f -- "$FILE" || exit 1
	fi
	;;
esac
