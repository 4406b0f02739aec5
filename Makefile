# The commands of a newcomer: make serve, make test. Everything missing is installed by scripts/ensure.sh.
SHELL := /bin/bash
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/node_modules/.bin:$(HOME)/.cargo/bin:$(PATH)
# An environment RUSTFLAGS would replace the flags that the wasm build needs (.cargo/config.toml).
unexport RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
# Trunk takes NO_COLOR=1 for a mistake.
unexport NO_COLOR
SOURCES := $(shell find src www -type f) index.html Trunk.toml Cargo.toml Cargo.lock .cargo/config.toml scripts/finish-dist.mjs package-lock.json

.PHONY: serve test test-native test-wasm test-browser test-firefox lint bench score dist fuzz clean
serve: dist/index.html ## build the app and serve it with a demo study
	@node scripts/serve.mjs

dist/index.html: $(SOURCES)
	@scripts/ensure.sh rust cc node wasm npm trunk wasm-bindgen
	trunk build

test: ## every test: native, wasm, browser, firefox; one summary at the end
	@scripts/test.sh
test-native test-wasm test-browser test-firefox: test-%: ## one part of the tests
	@scripts/test.sh $*

# What the tests of serial ports need besides a browser: see CONTRIBUTING.md.
target/rig/libudev.so.1: tests/rig/udev.c tests/rig/udev.map
	@mkdir -p $(@D)
	cc -O2 -Wall -Wextra -Werror -fPIC -shared -Wl,-soname,libudev.so.1 -Wl,--version-script=tests/rig/udev.map $< -o $@

lint: ## formatting and clippy, native and wasm
	@scripts/ensure.sh rust wasm
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --all-targets --target wasm32-unknown-unknown -- -D warnings

dist: dist/index.html ## the static site in dist/ for any host, and dist/myoscope.html, the app in one file
	@node scripts/single-file.mjs
	@scripts/ensure.sh chromium
	@node scripts/check-single-file.mjs

bench: ## how fast, as ratios: ONLY=edf,wfdb,dsp,wasm,load,big,pan,live chooses parts
	@node scripts/bench.mjs

score: ## accuracy against the simulator: SEED=7 or SUITE=dir choose the suite
	@scripts/ensure.sh rust cc node
	cargo build --release --example score_suite
	@node scripts/score.mjs

fuzz: ## fuzz every reader: SECONDS=30 each, TARGETS="edf wav" some
	@scripts/ensure.sh rust cc
	@scripts/fuzz.sh -t $(or $(SECONDS),30) $(TARGETS)

clean:
	rm -rf dist out target test-results

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'
