#!/usr/bin/env bash
# Every test: native, wasm (Node), browser (Chromium), firefox. Goes on after a failing part and ends with one
# summary. `scripts/test.sh native wasm` runs only these parts.
#
# With MYOSCOPE_DATA naming a folder of real recordings, the tests on them run and a missing file
# fails; without it they are skipped, and counted as skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.tools/bin:$PWD/node_modules/.bin:$HOME/.cargo/bin:$PATH"
# These replace or break what the builds need (.cargo/config.toml; Trunk reads NO_COLOR=1 as an error).
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS NO_COLOR
export CARGO_TERM_COLOR=never MYOSCOPE_BIN="${CARGO_TARGET_DIR:-$PWD/target}/debug/myoscope"
# Property tests draw the same cases in every run, so that a change fails by its own fault; another
# number draws others, and `cargo test` alone draws new ones each time.
export PROPTEST_RNG_SEED="${PROPTEST_RNG_SEED:-1}"
logs=test-results; mkdir -p "$logs"
passed=0 failed=0 skipped=0 summary=""

part_done() { # name, passed, failed, skipped, exit code, seconds
  local failures=$3
  # A part that ended badly without a failed test was not built, or did not start.
  if [ "$5" -ne 0 ] && [ "$failures" -eq 0 ]; then failures=1; fi
  # So was one that ended well without any test.
  if [ "$5" -eq 0 ] && [ $(($2 + $3 + $4)) -eq 0 ]; then failures=1; fi
  passed=$((passed + $2)) failed=$((failed + failures)) skipped=$((skipped + $4))
  summary+="$(printf '%-8s %5d passed, %3d failed, %3d skipped  (%d s)' "$1" "$2" "$failures" "$4" "$6")"$'\n'
}

# Sums up `test result:` lines of cargo's output. Tests that print 'skipped:' did not test anything.
cargo_part() { # name, log, exit code, seconds
  local p f i s
  read -r p f i < <(sed -nE 's/^test result: [^.]*\. ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored.*/\1 \2 \3/p' "$2" |
    awk '{ p += $1; f += $2; i += $3 } END { print p + 0, f + 0, i + 0 }')
  s=$(grep -cE '^skipped: ' "$2")
  part_done "$1" $((p - s)) "$f" $((i + s)) "$3" "$4"
}
# Hides tests that passed and what they printed.
quiet() {
  awk '/^successes:$/ { hide = 1 } /^(failures:|test result: .*)$/ { hide = 0 }
    !hide && !/^test .* \.\.\. (ok|ignored.*)$/ && !/^running [0-9]+ tests?$/ && !/^$/ { print; fflush() }'
}

native() {
  scripts/ensure.sh rust cc || return
  # Without these the tests that let others read what is written here are reported as skipped.
  if scripts/ensure.sh exchange; then
    export MYOSCOPE_PYTHON="$PWD/.tools/exchange-venv/bin/python" MYOSCOPE_FHIR_SCHEMA="$PWD/.tools/fhir/package/fhir.schema.json"
  fi
  # Prints of passing tests are shown, because skipped tests say so there.
  cargo test --no-fail-fast -- --show-output 2>&1 | tee "$logs/native.log" | quiet
  return "${PIPESTATUS[0]}"
}
wasm() {
  scripts/ensure.sh rust wasm node wasm-bindgen || return
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner \
    cargo test --target wasm32-unknown-unknown --test wasm 2>&1 | tee "$logs/wasm.log" | quiet
  return "${PIPESTATUS[0]}"
}
browser() {
  scripts/ensure.sh rust cc node wasm npm trunk wasm-bindgen chromium && make --no-print-directory dist/index.html && cargo build --bin myoscope --example serial_rig || return
  node_modules/.bin/playwright test
}

firefox() {
  scripts/ensure.sh rust cc node wasm npm trunk wasm-bindgen && make --no-print-directory dist/index.html && cargo build --bin myoscope || return
  # Not every system has one to install: that is said, and counted as skipped.
  if ! scripts/ensure.sh firefox; then
    echo "skipped: there is no Firefox here" | tee "$logs/firefox.log"
    return
  fi
  node --test --test-reporter=tap tests/firefox/app.test.mjs 2>&1 | tee "$logs/firefox.log" | grep -vE '^(TAP version|# (Subtest|suites|cancelled|todo|duration)|  (---|\.\.\.|duration_ms.*))'
  return "${PIPESTATUS[0]}"
}

for part in "${@:-native wasm browser firefox}"; do
  for name in $part; do
    case "$name" in native | wasm | browser | firefox) ;; *) echo "test.sh does not know '$name'" >&2; exit 64 ;; esac
    printf '\n== %s tests\n' "$name"
    rm -f "$logs/$name.log" "$logs/$name.json"
    begun=$SECONDS
    "$name"; code=$?
    if [ "$name" = browser ]; then
      read -r p f s < <(node -e '
        try {
          const { stats } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
          console.log(stats.expected + stats.flaky, stats.unexpected, stats.skipped);
        } catch { console.log(0, 0, 0); }' "$logs/browser.json" 2>/dev/null || echo 0 0 0)
      part_done browser "$p" "$f" "$s" "$code" $((SECONDS - begun))
      # Passed, but only when tried again: not to be overlooked.
      summary+=$(node -e '
        const walk = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(walk)];
        try {
          const { suites } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
          for (const { file, title, tests } of suites.flatMap(walk))
            if (tests.some((test) => test.status === "flaky")) console.log(`  only at a second try: ${file}, ${title}`);
        } catch {}' "$logs/browser.json" 2>/dev/null; echo .)
      summary=${summary%.}
    elif [ "$name" = firefox ]; then
      touch "$logs/$name.log"
      part_done firefox "$(grep -c '^ok ' "$logs/firefox.log")" "$(grep -c '^not ok ' "$logs/firefox.log")" "$(grep -c '^skipped: ' "$logs/firefox.log")" "$code" $((SECONDS - begun))
    else
      touch "$logs/$name.log"
      cargo_part "$name" "$logs/$name.log" "$code" $((SECONDS - begun))
    fi
  done
done

printf '\n%s' "$summary"
if [ -z "${MYOSCOPE_DATA:-}" ]; then echo "MYOSCOPE_DATA is not set: tests on real recordings were skipped."; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
