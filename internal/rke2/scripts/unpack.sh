# Verifies STAGE/NAME against SUM and unpacks it into STAGE/tree. The verdict is one word.
cd "$STAGE" || exit 1
got=$(sha256sum "$NAME" | cut -d ' ' -f 1)
say sum "$got"
if [ "$got" != "$SUM" ]; then
	say verdict checksum
	exit 0
fi
need=$(tar -tvzf "$NAME" 2>/dev/null | awk '{ bytes += $3 } END { printf "%d", bytes / 1024 + 1 }')
free=$(df -Pk . | awk 'NR == 2 { print $4 }')
say need_kib "$need"
say free_kib "$free"
if [ "$need" -gt "$free" ]; then
	say verdict space
	exit 0
fi
mkdir tree || exit 1
if ! said=$(tar -xzf "$NAME" -C tree --no-same-owner 2>&1); then
	say error "$(printf '%s\n' "$said" | tail -n 3)"
	say verdict unpack
	exit 0
fi
for file in bin/rke2 bin/rke2-killall.sh bin/rke2-uninstall.sh lib/systemd/system/rke2-server.service lib/systemd/system/rke2-agent.service; do
	if [ ! -f "tree/$file" ]; then
		say absent "$file"
		say verdict layout
		exit 0
	fi
done
rm -f -- "$NAME"
chown -R 0:0 tree
said=$(tree/bin/rke2 --version 2>&1)
say error "$(printf '%s\n' "$said" | head -n 3)"
say version "$(printf '%s\n' "$said" | sed -n 's/^rke2 version \([^ ]*\).*/\1/p')"
say verdict ok
