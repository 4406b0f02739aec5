#!/bin/sh
# Fuzzes the readers: scripts/fuzz.sh [-t SECONDS] [TARGET...]
# Each target (default: all) runs for SECONDS (default 30), starting from the golden fixtures.
# Works with the stable toolchain: coverage instrumentation needs RUSTC_BOOTSTRAP, and no sanitizer
# is linked (the crate holds no unsafe code that one could catch out).
set -eu
cd "$(dirname "$0")/.."
seconds=30
if [ "${1:-}" = -t ]; then
  seconds=$2
  shift 2
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "installing cargo-fuzz" >&2
  cargo install cargo-fuzz --locked
fi
# A RUSTFLAGS of the environment would replace the instrumentation flags' company.
unset RUSTFLAGS
export RUSTC_BOOTSTRAP=1
host=$(rustc -vV | sed -n 's/^host: //p')
[ $# -gt 0 ] || set -- $(sed -n 's/^name = "\([a-z]*\)"$/\1/p' fuzz/Cargo.toml)
for target in "$@"; do
  corpus=fuzz/corpus/$target
  mkdir -p "$corpus"
  find tests/golden -type f -name "*.$target" -size -2048k -exec cp {} "$corpus" \;
  find tests/golden -type f -name "*.$target.json" -exec cp {} "$corpus" \;
  echo "fuzzing $target for $seconds s" >&2
  cargo fuzz run --target "$host" --sanitizer none "$target" "$corpus" -- \
    -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 -max_len=65536 -print_final_stats=0
done
