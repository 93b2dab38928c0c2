#!/usr/bin/env bash
# Proves the rig: deploys a minimal Worker with the real tools for each Python, and boots what was uploaded.
# Receives: RIG_HOME; sets the rig up if need be. Hands on: a line per check, exit code 0 if all hold.
# Never leaves anything behind but the rig itself, and never talks to Cloudflare.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RIG_HOME=$("$here/setup.sh")
export RIG_HOME
# shellcheck source=env.sh
. "$here/env.sh"

work=$(mktemp -d)
api=
clean_up() {
  if [[ -n $api ]]; then kill "$api" 2>/dev/null && wait "$api" || true; fi
  rm -rf "$work"
}
trap clean_up EXIT

ok() { echo "ok    $*"; }
fail() {
  echo "FAIL  $*"
  exit 1
}

stop_api() {
  [[ -n $api ]] || return 0
  kill "$api"
  wait "$api" || fail "the API stand-in did not end cleanly"
  api=
}

# start_api OUT ARGUMENT...: starts the stand-in, with descriptor 7 for its stdin, and points wrangler at it.
mkfifo "$work/stdin"
exec 7<>"$work/stdin"
start_api() {
  stop_api
  mkdir -p "$1"
  # Its own end only: with a copy of ours it would never see its stdin close.
  python3 "$here/cloudflare_api.py" --port 0 --out "$@" --until-stdin-closes >"$1/port" <"$work/stdin" 7>&- &
  api=$!
  for _ in {1..100}; do
    [[ -s $1/port ]] && break
    sleep 0.05
  done
  local port
  port=$(tr -dc 0-9 <"$1/port")
  [[ -n $port ]] || fail "the API stand-in did not start"
  export CLOUDFLARE_API_BASE_URL=http://127.0.0.1:$port
}
export CLOUDFLARE_API_TOKEN=x CLOUDFLARE_ACCOUNT_ID=acc WRANGLER_LOG_PATH=$work/logs

# project DIR DATE DEPENDENCY
project() {
  mkdir -p "$1/src"
  rig_link "$1"
  cat >"$1/pyproject.toml" <<P
[project]
name = "selftest"
version = "0"
requires-python = ">=3.12"
dependencies = ["$3"]
P
  cat >"$1/wrangler.toml" <<W
name = "selftest"
main = "src/main.py"
compatibility_date = "$2"
compatibility_flags = ["python_workers"]
W
  cat >"$1/src/main.py" <<M
import ${3//-/_}
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("hello")
M
}

deploy() { (cd "$1" && pywrangler deploy) >"$1/deploy.log" 2>&1; }

[[ $(node --version) == v22.* ]] || fail "node is $(node --version)"
ok "$(node --version), $(uv --version), wrangler $(wrangler --version)"

for python in 3.13:2026-06-01 3.14:2026-10-01; do
  date=${python#*:} python=${python%%:*}
  dir=$work/$python out=$work/out-$python
  project "$dir" "$date" rig-meta
  start_api "$out"
  SECONDS=0
  deploy "$dir" || { cat "$dir/deploy.log"; fail "$python: pywrangler deploy"; }
  [[ -f $out/parts/python_modules/rig_meta/__init__.py ]] || fail "$python: rig-meta was not uploaded"
  ok "$python: deployed in $SECONDS s, $(wc -l <"$out/parts.jsonl") parts"
  report=$("$here/boot.sh" "$out/parts" main.py "$python") || fail "$python: $report"
  [[ $report == *'"entrypoints": ["Default"]'* && $report == *"\"python\": \"$python."* ]] || fail "$python: $report"
  ok "$python: booted $report"
done

start_api "$work/refusing" --fail "10021:Python Worker startup failed"
if deploy "$work/3.14"; then fail "a refused upload exits 0"; fi
grep -q 10021 "$work/3.14/deploy.log" || fail "the code of a refused upload is not shown"
ok "a refused upload fails with its code"

exec 7>&-
wait "$api" || fail "the API stand-in did not end with its stdin"
api=
ok "the API stand-in ends with its stdin"
