# Runs the release's uninstall script where it fits. It cannot remove a data directory that is a mount point, and when it
# fails at that it has removed itself already.
script=$PREFIX/bin/rke2-uninstall.sh
if [ -z "$PREFIX" ] || [ ! -x "$script" ]; then
	say skipped "there is none"
elif awk -v dir="$DATA_DIR" '$2 == dir { found = 1 } END { exit !found }' /proc/self/mounts; then
	say skipped "the data directory is a mount point"
else
	said=$(RKE2_DATA_DIR=$DATA_DIR INSTALL_RKE2_ROOT=$PREFIX "$script" 2>&1)
	say exit "$?"
	say error "$(printf '%s\n' "$said" | tail -n 3)"
fi
exit 0
