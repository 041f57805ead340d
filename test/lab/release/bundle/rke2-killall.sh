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

unmount_below() {
	awk -v p="$1" 'index($2, p) == 1 { print $2 }' /proc/self/mounts | sort -r | while read -r mount; do
		umount -- "$mount" && rm -rf --one-file-system -- "$mount"
	done
}

set -x
systemctl stop rke2-server.service
systemctl stop rke2-agent.service

kill -9 $(controlplane_pids) 2>/dev/null

unmount_below /run/k3s
unmount_below /var/lib/kubelet/pods
unmount_below /run/netns/cni-

for link in cni0 flannel.1 vxlan.calico cilium_vxlan kube-ipvs0; do
	ip link delete "$link"
done

for component in etcd kube-apiserver kube-controller-manager cloud-controller-manager kube-scheduler kube-proxy; do
	rm -f "$data/agent/pod-manifests/$component.yaml"
done

iptables-save | grep -vE 'KUBE-|CNI-|cali|CILIUM_|flannel' | iptables-restore
ip6tables-save | grep -vE 'KUBE-|CNI-|cali|CILIUM_|flannel' | ip6tables-restore
set +x

echo 'Rules of an older network plugin may have to be removed by hand.'
