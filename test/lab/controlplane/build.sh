#!/bin/sh
# Builds lab-controlplane once per content of this module and Go version, and prints the path of the binary.
#
# The binary goes to $LAB_CACHE/controlplane-<hash>/lab-controlplane, by default below ~/.cache/terraform-provider-lab. Several callers
# may run at once: the first builds, the others wait for it. Progress goes to standard error.
set -eu
cd "$(dirname "$0")"

cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terraform-provider-lab}
version=$(sed -n 's/^\tk8s.io\/kubernetes \(v[0-9.]*\)$/\1/p' go.mod)
[ -n "$version" ] || { echo "build.sh: no version of k8s.io/kubernetes in go.mod" >&2; exit 1; }
minor=${version#v1.}
minor=${minor%%.*}

sources() {
	find . -type f \( -name '*.go' -o -name '*.yaml' -o -name go.mod -o -name go.sum -o -name build.sh \) ! -name '*_test.go' | LC_ALL=C sort
}
hash=$( { go version; sources | xargs sha256sum; } | sha256sum | cut -c1-16)
target=$cache/controlplane-$hash
mkdir -p "$cache"

exec 9>"$cache/controlplane.lock"
flock -n 9 || { echo "lab-controlplane: another build is running, waiting for it" >&2; flock 9; }
if [ ! -x "$target/lab-controlplane" ]; then
	echo "lab-controlplane: building Kubernetes $version (about ten minutes the first time, half a minute later on)" >&2
	started=$(date +%s)
	package=k8s.io/component-base/version
	rm -rf "$target.new"
	mkdir "$target.new"
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$target.new/lab-controlplane" \
		-ldflags "-s -w -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor -X $package.gitTreeState=clean" . >&2
	rm -rf "$target"
	mv "$target.new" "$target"
	# Labs that run hold what they started with, but only the latest few are ever started again.
	ls -td "$cache"/controlplane-*/ | tail -n +6 | xargs -r rm -rf
	echo "lab-controlplane: built in $(( $(date +%s) - started )) s" >&2
fi
# The newest folder is the one in use; a touch makes that true after a return to older sources.
touch "$target" "$target/lab-controlplane"
echo "$target/lab-controlplane"
