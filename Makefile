# `make demo` and `make test` set up what they need: the rig (tests/rig) with the pinned tools.
.PHONY: demo test fresh matrix lint spelling bench bench-pruning screenshot rig

RIG_HOME ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/saddlebag-rig
export RIG_HOME

rig:
	@tests/rig/setup.sh >/dev/null

# The main job on an example Worker, with the real pywrangler and wrangler: everything but the upload.
demo: rig
	cargo build --release
	tests/rig/demo.sh

test: rig
	cargo test -- --include-ignored
	cargo test --test rig

# Both of the above as a new machine runs them: a fresh clone, empty caches. About half an hour.
fresh:
	tests/rig/fresh.sh

# Layouts, configurations and entry points, each deployed with plain pywrangler too: a part of the tests, by itself.
matrix: rig
	cargo test --test rig matrix::

lint:
	cargo fmt --check
	cargo clippy --all-targets -- --deny warnings

# typos comes from PyPI, through the rig's uv; typos.toml says what is misspelt on purpose.
spelling: rig
	. tests/rig/env.sh && uv tool run typos==1.52.0

bench: rig
	cargo build --release
	benches/dry_run.sh
	benches/html.sh

# What pruning breaks and saves on real packages: long, and it needs a package index.
bench-pruning: rig
	cargo build --release
	python3 benches/pruning.py

# The picture in the README: the HTML report of an example, as Chromium draws it.
screenshot: rig
	cargo build --release
	tests/browser/screenshot.sh docs/treemap.png
