# Tells the state of UNIT. While it is not up: what its journal says since SINCE, and the room left for DATA_DIR. When it is
# up: the configuration keys that rke2 did not know and skipped (k3s: pkg/configfilearg).
state=$(systemctl show --no-pager -p "$UNIT_PROPERTIES" "$UNIT")
printf '%s\n' "$state" | blob unit
case $state in
*ActiveState=active*)
	if has journalctl; then
		journalctl --no-pager -o cat -u "$UNIT" --since "@$SINCE" 2>/dev/null |
			sed -n 's/.*Unknown flag --\([^ ]*\) found in .*/\1/p' | sort -u | while read -r key; do
			say unknown "$key"
		done
	fi
	;;
*)
	at=$DATA_DIR
	while [ ! -d "$at" ]; do
		at=$(dirname "$at")
	done
	say free_kib "$(df -Pk "$at" | awk 'NR == 2 { print $4 }')"
	if has journalctl; then
		journalctl --no-pager -o cat -n 120 -u "$UNIT" --since "@$SINCE" 2>/dev/null | cut -c 1-2000 | blob journal
	fi
	;;
esac
