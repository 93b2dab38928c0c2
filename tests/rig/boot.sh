#!/usr/bin/env bash
# Boots an upload in the Pyodide of a Python version: boot.sh UPLOAD_DIR MAIN_MODULE 3.13|3.14
# Receives: the arguments; RIG_HOME. Hands on: the JSON line and the exit code of boot.mjs; 2 for a wrong call.
# Never sets the rig up and never changes the upload.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RIG_HOME=${RIG_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/saddlebag-rig}

case ${3:-} in
  3.13) pyodide=pyodide313 ;;
  3.14) pyodide=pyodide314 ;;
  *)
    echo "usage: boot.sh UPLOAD_DIR MAIN_MODULE 3.13|3.14" >&2
    exit 2
    ;;
esac
if [[ ! -d $1 ]]; then
  echo "boot: error: no directory $1" >&2
  exit 2
fi
if [[ ! -x $RIG_HOME/bin/node ]]; then
  echo "boot: error: no rig in $RIG_HOME" >&2
  echo "hint: run $here/setup.sh" >&2
  exit 2
fi
export PYODIDE_DIR=$RIG_HOME/tools/node_modules/$pyodide
exec "$RIG_HOME/bin/node" --experimental-wasm-stack-switching "$here/boot.mjs" "$1" "$2"
