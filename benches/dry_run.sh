#!/usr/bin/env bash
# Times `saddlebag deploy --dry-run`, and `check` without and with `verify`, against `pywrangler deploy --dry-run` on the same project, in turn, in one run.
# Receives: the release binary, the rig, an example's name (default: fastapi-src), RUNS (default 7). Hands on: seconds of
# each run and the medians, on stdout. Never asserts: a machine that is busy is not a defect.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/rig/env.sh
. "$root/tests/rig/env.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/examples/${1:-fastapi-src}" "$work/project"
rig_link "$work/project"
cd "$work/project"
export SADDLEBAG_CACHE_DIR=$work/cache WRANGLER_LOG_PATH=$work/logs
saddlebag=$root/target/release/saddlebag

timed() { # NAME COMMAND...
  local name=$1 start end
  shift
  start=$(date +%s%N)
  "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
  end=$(date +%s%N)
  awk -v name="$name" -v ns=$((end - start)) 'BEGIN { printf "%s %.3f\n", name, ns / 1e9 }' | tee -a "$work/times"
}

timed saddlebag-cold "$saddlebag" deploy --dry-run
timed pywrangler-cold pywrangler deploy --dry-run
# What pywrangler has put into the project by now is what a project that is worked on holds.
for _ in $(seq "${RUNS:-7}"); do
  timed pywrangler pywrangler deploy --dry-run
  timed saddlebag "$saddlebag" deploy --dry-run
  timed saddlebag-check "$saddlebag" check
  # What `verify` adds to a check is one dry run that writes its modules, and the comparison.
  timed pywrangler-outdir pywrangler deploy --dry-run --outdir "$work/upload"
  timed saddlebag-check-verify "$saddlebag" check --verify
done
for name in pywrangler saddlebag saddlebag-check pywrangler-outdir saddlebag-check-verify; do
  median=$(awk -v name="$name" '$1 == name { print $2 }' "$work/times" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
  echo "median $name: $median s"
done
