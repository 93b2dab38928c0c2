# shellcheck shell=sh
# Sourced (bash, zsh, sh; fine under `set -eu`): puts the rig first on PATH and gives `rig_link`.
# Receives: RIG_HOME, if the rig is not in its default place. Hands on: the exported variables below, to this shell.
# Never sets the rig up (setup.sh does) and never touches credentials or the API address.

export RIG_HOME="${RIG_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/saddlebag-rig}"
case "$PATH" in
  "$RIG_HOME/bin:"*) ;;
  *) export PATH="$RIG_HOME/bin:$PATH" ;;
esac
export UV_PYTHON_INSTALL_DIR="$RIG_HOME/python"
# The rig's own cache: the tests leave the user's alone, and find it also when they set another HOME.
export UV_CACHE_DIR="$RIG_HOME/uv-cache"
# The Chromium that setup.sh found.
export CHROMIUM="${CHROMIUM:-$(cat "$RIG_HOME/chromium" 2>/dev/null)}"
export WRANGLER_SEND_METRICS=false
export npm_config_update_notifier=false

# rig_link DIR: gives the project in DIR the rig's wrangler. `npx wrangler` (and pywrangler runs just that) finds
# a wrangler only in a node_modules at or above the working directory, and would download one otherwise.
rig_link() {
  if [ -d "$1/node_modules" ] && [ ! -L "$1/node_modules" ]; then
    echo "rig_link: $1/node_modules is a directory of its own" >&2
    return 1
  fi
  ln -sfn "$RIG_HOME/npm/node_modules" "$1/node_modules"
}
