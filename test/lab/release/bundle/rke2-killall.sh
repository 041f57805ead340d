#!/bin/sh
# Stops everything that the stand-in rke2 runs on this host. The units stay enabled.

if [ "$(id -u)" -ne 0 ]; then
	echo "$(basename "$0"): must be run as root" >&2
	exit 1
fi

data=${RKE2_DATA_DIR:-/var/lib/rancher/rke2}

# what the real program leaves to containerd-shim processes is one program here
controlplane_pids() {
	for exe in /proc/[0-9]*/exe; do
		case $(readlink "$exe" 2>/dev/null) in
		*/lab-controlplane*) exe=${exe#/proc/}; echo "${exe%/exe}" ;;
		esac
	done
}

# containerd, and the shims that keep containers running without it
containerd_pids() {
	for command in /proc/[0-9]*/cmdline; do
		if tr '\0' ' ' < "$command" 2>/dev/null | grep -qF -e " $data/agent/etc/containerd/config.toml" -e ' /run/k3s/containerd/containerd.sock'; then
			command=${command#/proc/}; echo "${command%/cmdline}"
		fi
	done
}

# the processes given, and all below them
with_children() {
	for pid in "$@"; do
		echo "$pid"
		with_children $(cat "/proc/$pid"/task/*/children 2>/dev/null)
	done
}

# kills what the command names until it names nothing: a dying process may still hold its mounts
kill_all() {
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		pids=$("$@")
		[ -n "$pids" ] || return 0
		kill -9 $(with_children $pids) 2>/dev/null
		sleep 0.1
	done
}

unmount_below() {
	awk -v p="$1" 'index($2, p) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r mount; do
		umount -- "$mount" && rm -rf --one-file-system -- "$mount"
	done
}

set -x
systemctl stop rke2-server.service
systemctl stop rke2-agent.service

kill_all controlplane_pids 2>/dev/null
kill_all containerd_pids 2>/dev/null

unmount_below /run/k3s
unmount_below /var/lib/kubelet/pods
unmount_below /run/netns/cni-
rm -rf --one-file-system /run/k3s/containerd

for link in cni0 flannel.1 vxlan.calico cilium_vxlan kube-ipvs0; do
	ip link delete "$link"
done

# routes to pods of other nodes, and the one that refuses simulated pods
ip route flush proto 42
ip route flush type unreachable proto 42

# addresses of load balancers that the node had
ip address flush dev lo label lo:lab

for component in etcd kube-apiserver kube-controller-manager cloud-controller-manager kube-scheduler kube-proxy; do
	rm -f "$data/agent/pod-manifests/$component.yaml"
done

iptables-save | grep -vE 'KUBE-|CNI-|cali|CILIUM_|flannel' | iptables-restore
ip6tables-save | grep -vE 'KUBE-|CNI-|cali|CILIUM_|flannel' | ip6tables-restore
nft delete table ip kube-proxy
nft delete table ip6 kube-proxy
nft delete table ip lab-pods
find /sys/fs/cgroup/*/kubepods /sys/fs/cgroup/kubepods -depth -type d -exec rmdir {} +
set +x

echo 'Rules of an older network plugin may have to be removed by hand.'
