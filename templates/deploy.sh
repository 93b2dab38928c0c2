#!/bin/sh
# Written by saddlebag: deploys this stage as it is, with pywrangler. Works after the directory was copied or moved.
# Usage: deploy.sh [anything that `pywrangler deploy` takes]; SADDLEBAG_PYWRANGLER says how to start pywrangler.
set -eu

caller=$(pwd)
stage=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# pywrangler syncs again, and undoes the pruning, when pyproject.toml is newer than these: `cp -r` makes it so.
touch -- "$stage/python_modules/.synced" "$stage/.venv-workers/.synced"

# `.env` files and relative flags mean the directory that this was called from, unless the caller says otherwise.
place=yes
for argument in "$@"; do
    case $argument in
    --) break ;;
    --cwd | --cwd=*) place=no ;;
    esac
done
if [ "$place" = yes ]; then
    set -- --cwd "$caller" "$@"
fi

# An absolute path: in an npm workspace npx starts wrangler elsewhere, and a relative one would name another project.
set -- deploy --config "$stage/{config}" "$@"

# pywrangler takes the directory it is started in for the project. The variable may hold words: `uv run pywrangler`.
cd -- "$stage"
eval "set -- ${SADDLEBAG_PYWRANGLER:-pywrangler}"' "$@"'
exec "$@"
