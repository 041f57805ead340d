#!/usr/bin/env bash
# Generates docs/ from the schemas, templates/ and examples/. The schema comes from the code itself, so that kinds that
# the installed Terraform does not know are documented too.
set -euo pipefail
cd "$(dirname "$0")/.."
schema=$(mktemp)
trap 'rm -f "$schema"' EXIT
tfplugindocs() { go run github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs@v0.25.0 "$@"; }
go run ./tools/schemajson >"$schema"
tfplugindocs generate --provider-dir . --provider-name lab --rendered-provider-name Lab --providers-schema "$schema"
tfplugindocs validate --provider-dir . --provider-name lab --providers-schema "$schema"
