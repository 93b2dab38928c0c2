#!/bin/sh
# Written by saddlebag: deploys this stage with pywrangler. It also works after the directory was copied or moved.
# Usage: deploy.sh [arguments of `pywrangler deploy`]. Set SADDLEBAG_PYWRANGLER to the command that starts pywrangler.
set -eu

caller=$(pwd)
stage=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# If pyproject.toml is newer than these files, as after `cp -r`, pywrangler syncs again and undoes the pruning.
touch -- "$stage/python_modules/.synced" "$stage/.venv-workers/.synced"

# `.env` files and relative flags refer to the caller's directory, unless `--cwd` is given.
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

# Use an absolute path: in an npm workspace npx starts wrangler in another directory, where a relative path names another project.
set -- deploy --config "$stage/{config}" "$@"

# pywrangler uses its working directory as the project. The variable may contain several words: `uv run pywrangler`.
cd -- "$stage"
eval "set -- ${SADDLEBAG_PYWRANGLER:-pywrangler}"' "$@"'
exec "$@"
