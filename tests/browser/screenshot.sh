#!/usr/bin/env bash
# Draws the HTML report of examples/fastapi-src. Receives: OUT, the picture's path; the release binary (or SADDLEBAG) and
# the rig. Hands on: a PNG of 1280 by 800 pixels. Leaves the example as it is.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/rig/env.sh
. "$root/tests/rig/env.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/examples/fastapi-src" "$work/project"
rig_link "$work/project"
(cd "$work/project" && "${SADDLEBAG:-$root/target/release/saddlebag}" report --env develop --html "$work/report.html" >&2)
node "$root/tests/browser/screenshot.mjs" "$work/report.html" "$1"
