#!/usr/bin/env bash
# Finds a Chromium that runs, or gets one: what CHROMIUM names, one on PATH or in macOS's applications, as root on Debian
# the distribution's package, else the npm package @sparticuz/chromium (Linux x86_64 alone).
# Receives: DIRECTORY, where the npm package may go; NPM_VERSION_OF_IT; CHROMIUM, if the user has a choice; node and npm
#   on PATH. Hands on: the path of the browser on stdout, everything else on stderr.
# Never downloads from a browser's own servers: only package registries can be counted on.
set -euo pipefail

directory=$1
version=$2

runs() { # PATH: prints a page's text, which takes fonts, libraries and a sandbox that is there or off
  local said
  said=$("$1" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$directory/profile" \
    --dump-dom 'data:text/html,<p>it%20runs</p>' 2>"$directory/said") || return 1
  [[ $said == *'it runs'* ]]
}

found() {
  rm -rf "$directory/profile"
  echo "$1"
  exit 0
}

on_path() {
  local name path
  for name in chromium chromium-browser google-chrome google-chrome-stable chrome microsoft-edge; do
    if path=$(command -v "$name") && runs "$path"; then found "$path"; fi
  done
  for path in "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
    "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
    if [[ -x $path ]] && runs "$path"; then found "$path"; fi
  done
}

mkdir -p "$directory"
if [[ -n ${CHROMIUM:-} ]]; then
  if path=$(command -v "$CHROMIUM") && runs "$path"; then found "$path"; fi
  echo "rig: error: CHROMIUM is '$CHROMIUM', which does not run" >&2
  tail -n 5 "$directory/said" >&2 2>/dev/null || true
  echo "hint: set it to a Chromium or Chrome, or leave it unset" >&2
  exit 1
fi
on_path

if command -v apt-get >/dev/null && [[ $(id -u) == 0 ]]; then
  echo "rig: chromium (apt-get)" >&2
  install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation >&2; }
  install || { apt-get update -qq >&2 && install; } || true
  on_path
fi

if [[ $(uname -sm) == "Linux x86_64" ]]; then
  echo "rig: @sparticuz/chromium $version (npm)" >&2
  printf '{"private": true, "type": "module", "dependencies": {"@sparticuz/chromium": "%s"}}\n' "$version" \
    >"$directory/package.json"
  # It unpacks itself into the temporary directory, under names of its own.
  mkdir -p "$directory/unpacked"
  unpack='import chromium from "@sparticuz/chromium"; console.log(await chromium.executablePath());'
  if (cd "$directory" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error >&2) &&
    binary=$(cd "$directory" && TMPDIR=$directory/unpacked AWS_LAMBDA_JS_RUNTIME=nodejs22.x \
      node --input-type=module --eval "$unpack"); then
    cat >"$directory/chromium.new" <<S
#!/usr/bin/env bash
export LD_LIBRARY_PATH=$(printf %q "$directory/unpacked/al2023/lib")\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export FONTCONFIG_PATH=\${FONTCONFIG_PATH:-$(printf %q "$directory/unpacked/fonts")}
exec $(printf %q "$binary") "\$@"
S
    chmod +x "$directory/chromium.new" && mv -f "$directory/chromium.new" "$directory/chromium"
    if runs "$directory/chromium"; then found "$directory/chromium"; fi
  fi
fi

echo "rig: error: there is no Chromium that runs" >&2
tail -n 5 "$directory/said" >&2 2>/dev/null || true
echo "hint: install one (Debian: apt-get install chromium), or name it in CHROMIUM" >&2
exit 1
