# Moves the tree in STAGE to PREFIX, each file by a rename and the program last, so that a program of this version means
# that everything else of it is there. In: STAGE, PREFIX, UNIT_DIR.
cd "$STAGE" || exit 1
tree=$STAGE/tree
put() {
	mkdir -p -- "$2" && cp -p -- "$1" "$2/.${1##*/}.terraform-provider-lab" &&
		mv -f -- "$2/.${1##*/}.terraform-provider-lab" "$2/${1##*/}"
}

if [ "$PREFIX" != /usr/local ]; then
	sed -i "s|/usr/local|$PREFIX|g" "$tree"/lib/systemd/system/rke2-*.service "$tree"/bin/rke2-uninstall.sh || exit 1
fi
chmod 0755 "$tree"/bin/* && chmod 0644 "$tree"/lib/systemd/system/* || exit 1
if [ -d "$tree/share/rke2" ]; then
	for file in "$tree"/share/rke2/*; do
		put "$file" "$PREFIX/share/rke2" || exit 1
	done
fi
for file in "$tree"/lib/systemd/system/*.env; do
	[ -f "$file" ] || continue
	put "$file" "$PREFIX/lib/systemd/system" || exit 1
done
for file in "$tree"/lib/systemd/system/*.service; do
	put "$file" "$UNIT_DIR" || exit 1
done
put "$tree/bin/rke2-killall.sh" "$PREFIX/bin" || exit 1
put "$tree/bin/rke2-uninstall.sh" "$PREFIX/bin" || exit 1
sync "$tree/bin/rke2" 2>/dev/null || sync
mv -f -- "$tree/bin/rke2" "$PREFIX/bin/rke2" || exit 1

if has restorecon && has getenforce && [ "$(getenforce)" != Disabled ]; then
	restorecon -R "$PREFIX"/bin/rke2* "$UNIT_DIR"/rke2-*.service >/dev/null 2>&1
fi
# fapolicyd refuses programs that no package brought; RKE2 unpacks its own at run time.
if has fagenrules && systemctl is-active --quiet fapolicyd; then
	for dir in /var/lib/rancher/ /opt/cni/ /run/k3s/ /var/lib/kubelet/; do
		echo "allow perm=any all : dir=$dir"
	done >/etc/fapolicyd/rules.d/80-rke2.rules
	fagenrules --load >/dev/null && systemctl restart fapolicyd || exit 1
fi
systemctl daemon-reload || exit 1
cd / && rm -rf -- "$STAGE"
