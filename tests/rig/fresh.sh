#!/usr/bin/env bash
# Runs the README's two commands as a new machine runs them: in a clone of HEAD, with an empty HOME, CARGO_HOME, XDG_CACHE_HOME
# and RIG_HOME. A crate, a package or a browser that only lies in this machine's caches cannot make them pass.
# Kept: the Rust toolchain, PATH, and which package registries this machine uses (the configuration files below).
# FRESH_DIR: where to work; it is left behind then. By default a temporary directory, removed at the end.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ -n "${FRESH_DIR:-}" ]; then
  mkdir -p "$FRESH_DIR"
  work=$(cd "$FRESH_DIR" && pwd)
  if [ -n "$(ls -A "$work")" ]; then
    echo "fresh: error: $work is not empty" >&2
    echo "hint: name a directory that does not exist yet" >&2
    exit 1
  fi
else
  work=$(mktemp -d)
  # The package managers make some of their directories read-only.
  trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
fi

if [ -n "$(git -C "$root" status --porcelain)" ]; then
  echo "fresh: warning: uncommitted changes are not tested" >&2
fi
git clone --quiet --no-hardlinks "$root" "$work/saddlebag"

old_home=$HOME
old_cargo_home=${CARGO_HOME:-$old_home/.cargo}
export RUSTUP_HOME=${RUSTUP_HOME:-$old_home/.rustup}
# pyenv's shims find their Pythons by this.
if [ -d "${PYENV_ROOT:-$old_home/.pyenv}" ]; then export PYENV_ROOT=${PYENV_ROOT:-$old_home/.pyenv}; fi
export HOME=$work/home CARGO_HOME=$work/cargo XDG_CACHE_HOME=$work/cache RIG_HOME=$work/rig
mkdir -p "$HOME" "$CARGO_HOME"
for file in .npmrc .pip/pip.conf .config/pip/pip.conf .config/uv/uv.toml; do
  if [ -f "$old_home/$file" ]; then
    mkdir -p "$(dirname "$HOME/$file")"
    cp "$old_home/$file" "$HOME/$file"
  fi
done
if [ -f "$old_cargo_home/config.toml" ]; then cp "$old_cargo_home/config.toml" "$CARGO_HOME/"; fi
unset XDG_CONFIG_HOME XDG_DATA_HOME CARGO_TARGET_DIR UV_CACHE_DIR UV_PYTHON_INSTALL_DIR npm_config_cache PIP_CACHE_DIR MAKEFLAGS MAKELEVEL

cd "$work/saddlebag"
for command in "make demo" "make test"; do
  echo "fresh: $command" >&2
  $command
done
echo "fresh: both commands passed on empty caches" >&2
