# Looks at what RKE2 will need. In: PORTS, DIRS. Everything is told, nothing is judged here.
say pid1 "$(cat /proc/1/comm 2>/dev/null)"
if [ -d /run/systemd/system ] && has systemctl; then
	say systemd yes
fi
say uid "$(id -u)"
say arch "$(uname -m)"
say hostname "$(cat /proc/sys/kernel/hostname)"
say now "$(date +%s)"
say cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null)"
say memory_kib "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
say cgroup "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)"
if [ "$(wc -l </proc/swaps)" -gt 1 ]; then
	say swap yes
fi
for tool in curl wget tar gzip sha256sum base64 iptables nft journalctl; do
	if has "$tool"; then
		say tool "$tool"
	fi
done
if has ip && [ -z "$(ip route show default 2>/dev/null)$(ip -6 route show default 2>/dev/null)" ]; then
	say default_route no
fi

if has rpm; then
	if rpm -q rke2-common >/dev/null 2>&1; then
		say rpm rke2-common
	fi
	if rpm -q rke2-selinux >/dev/null 2>&1; then
		say rpm rke2-selinux
	fi
fi
if has getenforce; then
	say selinux "$(getenforce 2>/dev/null)"
fi
if has systemctl; then
	for unit in firewalld ufw NetworkManager nm-cloud-setup.service nm-cloud-setup.timer k3s k3s-agent k0scontroller k0sworker kubelet; do
		if systemctl is-active --quiet "$unit" 2>/dev/null; then
			say active "$unit"
		fi
		if systemctl is-enabled --quiet "$unit" 2>/dev/null; then
			say enabled "$unit"
		fi
	done
fi
if [ -d /etc/NetworkManager/conf.d ] && grep -qs 'unmanaged-devices.*cali' /etc/NetworkManager/conf.d/*; then
	say cni_unmanaged yes
fi

# A directory that is not there yet counts as its nearest ancestor.
for dir in $DIRS; do
	at=$dir
	while [ ! -d "$at" ]; do
		at=$(dirname "$at")
	done
	writable=no
	if [ -w "$at" ]; then
		writable=yes
	fi
	mounted=no
	if [ "$at" = "$dir" ] && awk -v dir="$dir" '$2 == dir { found = 1 } END { exit !found }' /proc/self/mounts; then
		mounted=yes
	fi
	say dir "$dir $writable $mounted $(df -Pk "$at" | awk 'NR == 2 { print $4 }')"
done

listeners "$PORTS"
