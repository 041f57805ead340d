#!/bin/sh
# Builds lab-kubernetes once per content of this module and Go version, and prints the path of the binary.
#
# The binary goes to $LAB_CACHE/kubernetes-1.24-<hash>/lab-kubernetes, by default below ~/.cache/terraform-provider-lab. Several callers
# may run at once: the first builds, the others wait for it. Progress goes to standard error.
set -eu
cd "$(dirname "$0")"

cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terraform-provider-lab}
version=$(sed -n 's/^\tk8s.io\/kubernetes \(v[0-9.]*\)$/\1/p' go.mod)
[ -n "$version" ] || { echo "build.sh: no version of k8s.io/kubernetes in go.mod" >&2; exit 1; }
minor=${version#v1.}
minor=${minor%%.*}

hash=$( { go version; sha256sum build.sh go.mod go.sum *.go; } | sha256sum | cut -c1-16)
target=$cache/kubernetes-1.$minor-$hash
mkdir -p "$cache"

exec 9>"$cache/kubernetes-1.$minor.lock"
flock -n 9 || { echo "lab-kubernetes: another build is running, waiting for it" >&2; flock 9; }
if [ ! -x "$target/lab-kubernetes" ]; then
	echo "lab-kubernetes: building Kubernetes $version (about ten minutes, once)" >&2
	started=$(date +%s)
	rm -rf "$target.new"
	mkdir "$target.new"
	# The version stands in two packages: the API server tells the one of component-base, clients and their user agents the other.
	settings=
	for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		settings="$settings -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor -X $package.gitTreeState=clean"
	done
	# Modules of that time reach into the runtime by linkname, which the linker has refused since Go 1.23.
	CGO_ENABLED=0 nice -n 10 go build -trimpath -buildvcs=false -o "$target.new/lab-kubernetes" -ldflags "-s -w -checklinkname=0$settings" . >&2
	rm -rf "$target"
	mv "$target.new" "$target"
	ls -td "$cache/kubernetes-1.$minor"-*/ | tail -n +3 | xargs -r rm -rf
	echo "lab-kubernetes: built in $(( $(date +%s) - started )) s" >&2
fi
# The newest folder is the one in use; a touch makes that true after a return to older sources.
touch "$target" "$target/lab-kubernetes"
echo "$target/lab-kubernetes"
