# Does what MOVES says, line by line, each in one step so that a running program is never seen half replaced. It stops at
# the first that fails.
printf '%s\n' "$MOVES" | while read -r what from to; do
	case $what in
	move) said=$(mv -fT -- "$from" "$to" 2>&1) ;;
	link) said=$(ln -sfn -- "$from" "$to.lab-new" 2>&1 && mv -fT -- "$to.lab-new" "$to" 2>&1) ;;
	mode) said=$(chmod 0755 -- "$from" 2>&1) ;;
	esac
	if [ $? != 0 ]; then
		say error "$said"
		break
	fi
done
