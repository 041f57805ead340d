#!/bin/sh
# Installs what the test lab needs from the machine's own package sources (Debian or Ubuntu). Safe to run again: what is there
# stays as it is, and with nothing to install it does nothing.
set -eu

say() { echo "setup: $*"; }

# a package and a program or file by which it is known to be there
missing=
while read -r package proof; do
	case $proof in
	/*) [ -e "$proof" ] && continue ;;
	*) command -v "$proof" > /dev/null && continue ;;
	esac
	missing="$missing $package"
done <<'NEEDS'
systemd-container systemd-nspawn
mmdebstrap mmdebstrap
iproute2 ip
nftables nft
openssh-client ssh
zstd zstd
util-linux nsenter
ca-certificates /etc/ssl/certs/ca-certificates.crt
NEEDS

if [ -z "$missing" ]; then
	say "nothing to install"
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	say "run as root to install:$missing" >&2
	exit 1
fi
if ! command -v apt-get > /dev/null; then
	say "no apt-get here; install by hand:$missing" >&2
	exit 1
fi
say "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $missing
say "done"
