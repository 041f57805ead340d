# Tells the state of UNIT, and what its journal says since SINCE while it is not up.
state=$(systemctl show --no-pager -p "$UNIT_PROPERTIES" "$UNIT")
printf '%s\n' "$state" | blob unit
case $state in
*ActiveState=active*) ;;
*)
	if has journalctl; then
		journalctl --no-pager -o cat -n 120 -u "$UNIT" --since "@$SINCE" 2>/dev/null | cut -c 1-2000 | blob journal
	fi
	;;
esac
