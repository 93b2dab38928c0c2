#!/usr/bin/env bash
# Finds a Chromium that runs, or gets one: what CHROMIUM names, one on PATH or in macOS's applications, as root on Debian
# the distribution's package, else the npm package @sparticuz/chromium (Linux x86_64 alone).
# Receives: DIRECTORY, where the npm package may go; VERSION of that; CHROMIUM, if the user has a choice; RIG_HOME with
#   puppeteer-core in it; node and npm on PATH. Hands on: the path of the browser on stdout, everything else on stderr.
# Never downloads from a browser's own servers: only package registries can be counted on.
set -euo pipefail

directory=$1
version=$2

# PATH: draws a page, driven as the tests drive it. That takes libraries, a sandbox that works or is off, and an answer
# in time.
runs() {
  local draw='
    import { createRequire } from "node:module";
    const driver = createRequire(process.env.RIG_HOME + "/browser/package.json")("puppeteer-core");
    const root = process.getuid() === 0 ? ["--no-sandbox"] : [];
    const browser = await (driver.default ?? driver).launch({
      executablePath: process.argv[1], args: [...root, "--disable-dev-shm-usage"], timeout: 30_000, protocolTimeout: 30_000,
    });
    try {
      const page = await browser.newPage();
      await page.setContent("<p>it runs</p>");
      if ((await page.$eval("p", (p) => p.offsetHeight)) === 0) throw new Error("it draws nothing");
    } finally {
      await browser.close();
    }'
  node --input-type=module --eval "$draw" "$1" >"$directory/said" 2>&1
}

found() {
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
  grep -m 3 -i error "$directory/said" >&2 2>/dev/null || true
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
    # Its own list of places for fonts is that of a cloud function.
    printf '<?xml version="1.0"?>\n<fontconfig><dir>%s</dir><dir>/usr/share/fonts</dir><cachedir>%s</cachedir></fontconfig>\n' \
      "$directory/unpacked/fonts/fonts" "$directory/unpacked/fonts-cache" >"$directory/fonts.conf"
    cat >"$directory/chromium.new" <<S
#!/usr/bin/env bash
export LD_LIBRARY_PATH=$(printf %q "$directory/unpacked/al2023/lib")\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export FONTCONFIG_FILE=$(printf %q "$directory/fonts.conf")
exec $(printf %q "$binary") "\$@"
S
    chmod +x "$directory/chromium.new" && mv -f "$directory/chromium.new" "$directory/chromium"
    if runs "$directory/chromium"; then found "$directory/chromium"; fi
  fi
fi

echo "rig: error: there is no Chromium that runs" >&2
grep -m 3 -i error "$directory/said" >&2 2>/dev/null || true
echo "hint: install one (Debian: apt-get install chromium), or name it in CHROMIUM" >&2
exit 1
