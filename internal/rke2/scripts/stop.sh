# Stops RKE2 and everything it runs, and sees to it that it does not come back at the next boot. The release's killall
# script does it where it is there; the rest is done, and looked after, by sweep.sh.
for role in server agent; do
	systemctl disable "rke2-$role.service" >/dev/null 2>&1
done
if [ -n "$PREFIX" ] && [ -x "$PREFIX/bin/rke2-killall.sh" ]; then
	RKE2_DATA_DIR=$DATA_DIR "$PREFIX/bin/rke2-killall.sh" >/dev/null 2>&1
	say killall "$?"
fi
for role in server agent; do
	systemctl stop "rke2-$role.service" 2>/dev/null
	case $(systemctl show -p ActiveState "rke2-$role.service" 2>/dev/null) in
	ActiveState=inactive | ActiveState=failed | '') ;;
	*)
		echo "rke2-$role.service does not stop" >&2
		exit 1
		;;
	esac
done
exit 0
