#!/usr/bin/env bash
# Measures what the provider costs on a test lab of its own. RUNS=n plans (5), OTHERS=dir compares with other providers,
# MICRO=no leaves the micro benchmarks out. `make bench` builds the provider first.
set -euo pipefail
cd "$(dirname "$0")/.."
export RUNS=${RUNS:-5} LAB_CACHE=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terraform-provider-lab}
unset TF_LOG TF_LOG_PROVIDER TF_LOG_PATH
if [[ -n ${OTHERS:-} ]]; then
	OTHERS=$(realpath "$OTHERS")
	export OTHERS
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n== %s\n' "$*"; }

say "preparing the test lab"
sh test/lab/setup.sh
[[ -n ${LAB_CONTROLPLANE:-} ]] || sh test/lab/controlplane/build.sh >/dev/null
[[ -x bin/terraform-provider-lab ]] || make --no-print-directory build
(cd bench && go test -c -o "$work/bench.test" .)

say "measuring on $(nproc) CPUs, load $(cut -d' ' -f1-3 /proc/loadavg): $RUNS plans"
(cd bench && CI=true "$work/bench.test" -test.run '^TestCosts$' -test.timeout 40m)

if [[ ${MICRO:-yes} != no ]]; then
	say "micro benchmarks"
	(cd bench && go test -run '^$' -bench . -benchmem ./micro)
fi
