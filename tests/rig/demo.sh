#!/usr/bin/env bash
# The main job on an example Worker with the real tools: `saddlebag deploy --dry-run`.
# Receives: the release binary, the rig, an example's name (default: fastapi-src). Hands on: saddlebag's own output.
# Never touches the checkout's example: it runs in a copy.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/rig/env.sh
. "$root/tests/rig/env.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/examples/${1:-fastapi-src}" "$work/project"
rig_link "$work/project"
cd "$work/project"
echo "\$ saddlebag deploy --env develop --dry-run" >&2
"$root/target/release/saddlebag" deploy --env develop --dry-run
