# Removes whatever of RKE2 is still there and tells what would not go. It may run on a machine where nothing is left.
# In: DATA_DIR, PREFIXES, STAGE_NAME, CONFIG_DIR.
for role in server agent; do
	systemctl disable --now "rke2-$role.service" >/dev/null 2>&1
done

# Processes are ours when their program lies in the data directory or a unit of ours started them, and so are their
# children, which is what pods are.
ours() {
	for proc in /proc/[0-9]*; do
		pid=${proc#/proc/}
		case $(readlink "$proc/exe" 2>/dev/null) in
		"$DATA_DIR"/*)
			echo "$pid"
			continue
			;;
		esac
		if grep -qsE '/rke2-(server|agent)\.service(/|$)' "$proc/cgroup"; then
			echo "$pid"
		fi
	done
}
with_children() {
	awk -v pids="$1" '
		BEGIN { split(pids, list, " "); for (i in list) mine[list[i]] = 1 }
		{ rest = $0; sub(/^.*\) /, "", rest); split(rest, field, " "); parent[$1] = field[2] }
		END {
			do { grown = 0; for (p in parent) if (!(p in mine) && parent[p] in mine) { mine[p] = 1; grown = 1 } } while (grown)
			for (p in mine) print p
		}' /proc/[0-9]*/stat 2>/dev/null
}
round=0
while [ "$round" -lt 5 ]; do
	round=$((round + 1))
	pids=$(ours | tr '\n' ' ')
	[ -n "$pids" ] || break
	for pid in $(with_children "$pids"); do
		if [ "$pid" -gt 1 ] && [ "$pid" != $$ ]; then
			kill -KILL "$pid" 2>/dev/null
		fi
	done
	sleep 0.2
done

# Deepest first; a busy one is let go lazily, since nothing of it will be used again.
awk -v data="$DATA_DIR/" '
	index($2, "/run/k3s/") == 1 || index($2, "/var/lib/kubelet/") == 1 || index($2, "/run/netns/cni-") == 1 || index($2, data) == 1 { print $2 }
' /proc/self/mounts | sort -r | while read -r at; do
	at=$(printf '%b' "$at")
	umount "$at" 2>/dev/null || umount -l "$at" 2>/dev/null
done
rm -rf --one-file-system -- /run/k3s /run/netns/cni-* 2>/dev/null

if has ip; then
	for link in $(ip -o link show 2>/dev/null | sed -n 's/^[0-9]*: \([^:@]*\).* master cni0 .*/\1/p') \
		cni0 flannel.1 flannel.4096 flannel-v6.1 flannel-v6.4096 flannel-wg flannel-wg-v6 vxlan.calico vxlan-v6.calico \
		cilium_vxlan cilium_net cilium_wg0 kube-ipvs0 nodelocaldns; do
		if [ -d "/sys/class/net/$link" ]; then
			ip link delete "$link" 2>/dev/null
		fi
	done
fi
for tables in iptables ip6tables; do
	if has "$tables-save" && has "$tables-restore"; then
		rules=$("$tables-save" 2>/dev/null)
		case $rules in
		*KUBE-* | *CNI-* | *cali-* | *CILIUM_*)
			printf '%s\n' "$rules" | grep -Ev 'KUBE-|CNI-|cali[-:]|CILIUM_|flannel' | "$tables-restore" 2>/dev/null
			;;
		esac
	fi
done

for prefix in $PREFIXES; do
	rm -rf -- "$prefix/bin/rke2" "$prefix/bin/rke2-killall.sh" "$prefix/bin/rke2-uninstall.sh" "$prefix/share/rke2" "${prefix:?}/$STAGE_NAME"
	rm -f -- "$prefix"/lib/systemd/system/rke2-server.* "$prefix"/lib/systemd/system/rke2-agent.*
done
rmdir /opt/rke2/lib/systemd/system /opt/rke2/lib/systemd /opt/rke2/lib /opt/rke2/bin /opt/rke2/share /opt/rke2 2>/dev/null
rm -f -- /etc/systemd/system/rke2-server.service /etc/systemd/system/rke2-agent.service \
	/etc/systemd/system/*.wants/rke2-server.service /etc/systemd/system/*.wants/rke2-agent.service
systemctl daemon-reload
systemctl reset-failed rke2-server.service rke2-agent.service 2>/dev/null

rm -rf --one-file-system -- /etc/rancher/node /etc/cni /opt/cni/bin /var/lib/cni /var/log/pods /var/log/containers /var/log/calico
# The contents go, a mount point stays.
for dir in /var/lib/kubelet "$DATA_DIR"; do
	if [ -d "$dir" ]; then
		find "$dir" -xdev -mindepth 1 -delete 2>/dev/null
		rmdir "$dir" 2>/dev/null
	fi
done
rmdir /var/lib/rancher 2>/dev/null
if [ -f /etc/fapolicyd/rules.d/80-rke2.rules ]; then
	rm -f /etc/fapolicyd/rules.d/80-rke2.rules
	has fagenrules && fagenrules --load >/dev/null 2>&1
fi

left=
for path in /usr/local/bin/rke2 /opt/rke2/bin/rke2 /etc/systemd/system/rke2-server.service /etc/systemd/system/rke2-agent.service; do
	if [ -e "$path" ]; then
		left="$left $path"
	fi
done
if [ -n "$(find "$DATA_DIR" -mindepth 1 2>/dev/null | head -n 1)" ]; then
	left="$left $DATA_DIR"
	say error "$(find "$DATA_DIR" -xdev -mindepth 1 -delete 2>&1 | head -n 2)"
fi
for path in $left; do
	say left "$path"
done
# The configuration holds our mark, so it goes last: a removal that was cut off before is recognised by it.
if [ -z "$left" ]; then
	rm -rf --one-file-system -- "$CONFIG_DIR" || exit 1
	rmdir /etc/rancher 2>/dev/null
fi
exit 0
