#!/bin/sh
# Removes the stand-in rke2, its data and its configuration from this host, and last itself. RKE2_DATA_DIR names a data directory that is not
# the usual one; INSTALL_RKE2_ROOT the folder that the release was unpacked to.
set -ex

if [ "$(id -u)" -ne 0 ]; then
	echo "$(basename "$0"): must be run as root" >&2
	exit 1
fi

: "${INSTALL_RKE2_ROOT:=/usr/local}"
data=${RKE2_DATA_DIR:-/var/lib/rancher/rke2}
here=$(dirname "$0")

if [ -e "$here/rke2-killall.sh" ]; then
	"$here/rke2-killall.sh"
fi

# from here on there is no way back: whatever happens, this script goes too
trap 'rm -f -- "$INSTALL_RKE2_ROOT/bin/rke2-uninstall.sh"' EXIT

if command -v systemctl >/dev/null 2>&1; then
	for unit in rke2-server rke2-agent; do
		systemctl disable "$unit" || true
		systemctl reset-failed "$unit" || true
	done
	systemctl daemon-reload
fi

find "$INSTALL_RKE2_ROOT/lib/systemd/system" /etc/systemd/system -name 'rke2-*.service' -delete
find "$INSTALL_RKE2_ROOT/lib/systemd/system" -name 'rke2-*.env' -delete
rm -f -- "$INSTALL_RKE2_ROOT/bin/rke2" "$INSTALL_RKE2_ROOT/bin/rke2-killall.sh"
rm -rf -- "$INSTALL_RKE2_ROOT/share/rke2"

rm -rf /etc/rancher/rke2 /etc/rancher/node /etc/cni /opt/cni/bin /var/lib/cni /var/log/pods /var/log/containers
rm -d /etc/rancher || true
rm --one-file-system -rf /var/lib/kubelet || true
# of hosts on which containers cannot live below the data directory
if [ -d /var/lib/lab-containerd ]; then
	find /var/lib/lab-containerd -mindepth 1 -delete
fi
rm -rf -- "$data" || { echo "Failed to remove $data" >&2; exit 1; }
rm -d /var/lib/rancher || true

echo 'Cleanup completed successfully'
