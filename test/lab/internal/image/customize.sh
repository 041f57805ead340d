#!/bin/sh
# Turns a fresh Debian or Ubuntu root file system ($1) into the one that all test hosts share.
set -eu
root=$1

# what is different on every machine is made when a host is made
: > "$root/etc/machine-id"
rm -f "$root"/var/lib/dbus/machine-id "$root"/etc/hostname "$root"/etc/ssh/ssh_host_* "$root"/etc/resolv.conf
: > "$root/etc/resolv.conf"

# the network is configured from outside, there is no terminal, and nothing may start by itself during a test
for unit in systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service \
	systemd-resolved.service systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
	fstrim.timer e2scrub_all.timer e2scrub_reap.service motd-news.timer man-db.timer logrotate.timer \
	getty.target console-getty.service; do
	ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
mkdir -p "$root/usr/libexec/lab"

user() { # name shell password
	chroot "$root" useradd -m -s "$2" "$1"
	[ -z "$3" ] || echo "$1:$3" | chroot "$root" chpasswd
	mkdir -m 700 "$root/home/$1/.ssh"
	chroot "$root" chown "$1:$1" "/home/$1/.ssh"
}
sudoer() { # name rule
	echo "$1 $2" > "$root/etc/sudoers.d/$1"
	chmod 440 "$root/etc/sudoers.d/$1"
}
mkdir -p -m 700 "$root/root/.ssh"
echo "root:$LAB_ROOT_PASSWORD" | chroot "$root" chpasswd
user ops /bin/bash ''
sudoer ops 'ALL=(ALL) NOPASSWD:ALL'
user opspw /bin/bash "$LAB_OPS_PASSWORD"
sudoer opspw 'ALL=(ALL) ALL'
user nosudo /bin/bash "$LAB_OPS_PASSWORD"
user expired /bin/bash "$LAB_OPS_PASSWORD"
chroot "$root" chage -d 0 expired
user noshell /usr/sbin/nologin ''

cat > "$root/etc/ssh/sshd_config.d/50-lab.conf" <<'CONFIG'
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication yes
UseDNS no
CONFIG
# OpenSSH 9.8 and later locks out an address that often fails to log in: tests that do so on purpose would disturb the others
if chroot "$root" sh -c 'mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N "" -f /tmp/key && sshd -T -h /tmp/key -o PerSourcePenalties=no' > /dev/null 2>&1; then
	echo 'PerSourcePenalties no' >> "$root/etc/ssh/sshd_config.d/50-lab.conf"
fi
rm -rf "$root/tmp/key" "$root/tmp/key.pub" "$root/run/sshd"
