# shellcheck shell=bash
# The body of the rig's `uv`: the real uv, told about the rig's own test index.
# Receives: uv's arguments; RIG_UV (the real uv), RIG_INDEX (file:// URL) and RIG_MODE (open|closed) from bin/uv.
# Hands on: everything to the real uv, in whose place it runs.
# Never decides by a host name: the Pyodide index is known by the option in front of it.

# Read besides PyPI by every command that resolves; the native install of pywrangler passes no index of its own.
export UV_INDEX="$RIG_INDEX${UV_INDEX:+ $UV_INDEX}"

if [[ $RIG_MODE == open ]]; then
  exec "$RIG_UV" "$@"
fi

# Closed: what would be downloaded from elsewhere comes from the rig. Local and loopback indexes stay as they are.
here_or_rig() {
  case $1 in
    file:* | /* | ./* | ../* | http://127.0.0.1[:/]* | http://localhost[:/]*) index=$1 ;;
    *) index=$RIG_INDEX ;;
  esac
}

args=()
previous=
for argument in "$@"; do
  case $previous in
    --extra-index-url) here_or_rig "$argument" && argument=$index ;;
    --python | -p)
      # The host's CPython for .venv-workers, or the Pyodide one where the machine has none: nothing imports from it.
      case $argument in
        python3.13 | python3.14)
          "$argument" -c '' 2>/dev/null || argument=cpython-${argument#python}-emscripten-wasm32-musl
          ;;
      esac
      ;;
  esac
  case $argument in
    --extra-index-url=*) here_or_rig "${argument#*=}" && argument=--extra-index-url=$index ;;
  esac
  args+=("$argument")
  previous=$argument
done
# The odd expansion is for bash before 4.4 (macOS), where an empty array counts as unset.
exec "$RIG_UV" ${args[@]+"${args[@]}"}
