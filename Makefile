# hactl: `make demo` tells the whole story, `make test` runs every test layer. See CONTRIBUTING.md.

TARGET  := x86_64-unknown-linux-musl
# release: small, as shipped. quick: for demo and tests. fast: for measuring.
PROFILE ?= release
DIST    := target/dist/hactl

# A test stops at the first surprise; clippy.toml says so for test functions, this for the helpers beside them.
TESTS_MAY := $(addprefix -A clippy::,unwrap_used expect_used indexing_slicing cast_possible_truncation cast_sign_loss)

# What runs on hosts, and what builds and tests.
SHELL_FILES := $(wildcard src/ctl/*.sh src/lab/*.sh) .ci/run .ci/setup $(wildcard tests/*/*.sh)

.PHONY: help setup build demo test docs-check lint bench clean

help:
	@echo 'make setup   install what is missing (apt-get, rustup target)'
	@echo 'make build   one static binary at $(DIST); PROFILE=quick builds quicker'
	@echo 'make demo    the lab, a deploy, a failover and drills, told step by step (root)'
	@echo 'make test    lint and every test layer (root; without it some layers say that they were skipped)'
	@echo 'make docs-check  each command of the pages in docs, typed in the lab, says what the page shows (root)'
	@echo 'make bench   measured figures beside keepalived (root)'
	@echo 'make lint    cargo fmt --check, clippy and shellcheck'
	@echo 'make clean   remove what was built'

setup:
	@bash .ci/setup

build:
	cargo build --locked --profile $(PROFILE) --target $(TARGET)
	@mkdir -p $(dir $(DIST))
	@# Written beside and renamed: the old file may be running.
	@strip -o $(DIST).new target/$(TARGET)/$(PROFILE)/hactl && mv -f $(DIST).new $(DIST)
	@echo "$(DIST): $$(( $$(stat -c %s $(DIST)) / 1024 )) KiB"

# The root file system of the lab's hosts is made beside the compiler: it is download and unpacking for the most part.
demo: setup
	@mkdir -p target
	@nice -n 5 bash src/lab/rootfs.sh early "$${HACTL_LAB_DIR:-/var/lib/hactl-lab}" >target/rootfs.log 2>&1 & rootfs=$$!; \
	$(MAKE) --no-print-directory build PROFILE=quick && { wait $$rootfs || true; } # what went wrong there `lab up` tells
	bash tests/lab/demo.sh

lint:
	@bash .ci/setup lint
	cargo fmt --all --check
	cargo clippy --locked --workspace -- -D warnings
	cargo clippy --locked --workspace --all-targets -- -D warnings $(TESTS_MAY)
	shellcheck $(SHELL_FILES)

# Tests read English, whatever the developer reads.
test docs-check bench: export LC_ALL = C.UTF-8
test: export HACTL_BINARY = $(CURDIR)/$(DIST)
test: export HACTL_FUZZ_SECONDS ?= 20
test: setup
	@bash .ci/setup peers
	@$(MAKE) --no-print-directory build PROFILE=quick
	@$(MAKE) --no-print-directory lint
	@# The same profile and target as the binary: what the demo has built is not built again.
	@if cargo nextest --version >/dev/null 2>&1; \
	then set -x; cargo nextest run --profile all --test-threads $$((2 * $$(nproc))) \
		--locked --workspace --cargo-profile quick --target $(TARGET); \
	else set -x; cargo test --locked --workspace --profile quick --target $(TARGET); fi

# HACTL_UPDATE=1 writes what the commands said into the pages.
docs-check: export HACTL_BINARY = $(CURDIR)/$(DIST)
docs-check: export HACTL_LAB_ONLY = pages::
docs-check: setup
	@$(MAKE) --no-print-directory build PROFILE=quick
	cargo test --locked --profile quick --target $(TARGET) --test lab -- --nocapture

bench: setup
	@bash .ci/setup peers
	@$(MAKE) --no-print-directory build
	bash tests/bench/run.sh

clean:
	cargo clean
