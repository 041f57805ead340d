#!/usr/bin/env bash
# Runs all tests of all modules. What takes long to build is built once and kept in the cache; the slow builds go on
# beside the tests that do not need them.
set -euo pipefail
cd "$(dirname "$0")/.."
export TF_CLI_CONFIG_FILE=/dev/null
cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terraform-provider-lab}
export LAB_CACHE=$cache
logs=$(mktemp -d)
background=()
finish() {
	for pid in "${background[@]}"; do kill "$pid" 2>/dev/null || true; done
	rm -rf "$logs"
}
trap finish EXIT

say() { printf '\n== %s (%ss)\n' "$*" "$SECONDS"; }
# wait_for PID NAME: waits for a background build, with a sign of life each half minute, and shows its log when it failed.
wait_for() {
	while kill -0 "$1" 2>/dev/null; do
		sleep 1
		(( SECONDS % 30 != 0 )) || echo "   still building $2 (${SECONDS}s): $(tail -n 1 "$logs/$2" 2>/dev/null)"
	done
	wait "$1" || { cat "$logs/$2"; echo "building $2 failed"; exit 1; }
}

say "packages that the test lab needs"
sh test/lab/setup.sh

say "building the test lab's control plane, image and containers in the background"
sh test/lab/controlplane/build.sh >"$logs/controlplane" 2>&1 & controlplane=$!
mkdir -p "$cache/bin"
( cd test/lab && go build -o "$cache/bin/lab" ./cmd/lab && "$cache/bin/lab" image --containers && "$cache/bin/lab" containers ) >"$logs/image" 2>&1 & image=$!
background+=("$controlplane" "$image")

say "building the provider"
make --no-print-directory build

wait_for "$controlplane" controlplane
wait_for "$image" image
status=0
say "unit, transport and provider tests"
go list ./... | grep -v /test/ | xargs go test -race -timeout 20m || status=1
say "acceptance tests begin, beside the others: they wait more than they compute"
( cd test/acceptance && TF_ACC=1 exec go test -count=1 -timeout 40m ./... ) >"$logs/acceptance" 2>&1 & acceptance=$!
background+=("$acceptance")
say "tests of components on control planes" # without the race detector: what runs at once there is the engine, which is tested above
go test -timeout 20m ./test/... || status=1
say "tests of the test lab"
( cd test/lab && go test -timeout 20m ./... ) || status=1
( cd test/lab/containers/standins && go test -timeout 10m ./... ) || status=1
# with the flags by which the programs themselves are built, so that nothing is compiled twice
( cd test/lab/controlplane && CGO_ENABLED=0 go test -trimpath -vet=off -timeout 10m ./... ) || status=1
( cd test/lab/containers/programs/hotrod && CGO_ENABLED=0 go test -trimpath -vet=off -timeout 10m ./... ) || status=1
( cd test/lab/containers/programs/collector && CGO_ENABLED=0 go test -trimpath -vet=off -tags grpcnotrace -timeout 10m ./... ) || status=1
say "acceptance tests: terraform on the test lab"
while kill -0 "$acceptance" 2>/dev/null; do
	sleep 1
	(( SECONDS % 30 != 0 )) || echo "   still testing (${SECONDS}s)"
done
wait "$acceptance" || status=1
cat "$logs/acceptance"
exit $status
