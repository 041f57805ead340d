#!/usr/bin/env bash
# Runs the tests that compare the end state of the profile of 2023 with the tutorial, on the Kubernetes of that year. They are not
# part of the usual tests because that Kubernetes takes about ten minutes to build, once.
set -euo pipefail
cd "$(dirname "$0")/.."
export TF_CLI_CONFIG_FILE=/dev/null
export LAB_CACHE=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/terraform-provider-lab}

say() { printf '\n== %s (%ss)\n' "$*" "$SECONDS"; }

say "packages that the test lab needs"
sh test/lab/setup.sh
say "building the test lab's control plane and image"
sh test/lab/controlplane/build.sh >/dev/null
mkdir -p "$LAB_CACHE/bin"
( cd test/lab && go build -o "$LAB_CACHE/bin/lab" ./cmd/lab && "$LAB_CACHE/bin/lab" image )
say "building Kubernetes 1.24, about ten minutes when it is not in the cache"
test/lab/controlplane124/build.sh
say "building the provider"
make --no-print-directory build
say "the tutorial of 2023, compared"
cd test/acceptance
# without the binaries the tests would be skipped; with CI they fail
CI=true LAB_KUBERNETES=1.24 TF_ACC=1 go test -count=1 -timeout 60m -run '^TestAccSeed' "$@" ./...
