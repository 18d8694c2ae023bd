# The few commands that a person or a CI needs; everything else is `cmake --preset NAME` and `cmake --build --preset NAME`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test bench peers asan tidy format clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## set up, build, and show a whole release
	@tools/setup.py
	@cmake --preset release
	@cmake --build --preset release
	@tools/demo.sh

test:  ## set up, build, and run every test
	@tools/setup.py --tests
	@cmake --preset ci
	@cmake --build --preset ci
	@tools/run_tests.py ci

bench:  ## set up, build, and print the figures of docs/performance.md
	@tools/setup.py
	@cmake --preset release
	@cmake --build --preset release --target all bench
	@tools/bench.sh

peers:  ## set up, build, and measure against other tools: the figures of docs/peers.md and the aims (two hours)
	@tools/setup.py
	@cmake --preset release
	@cmake --build --preset release --target all bench
	@bench/peers/run.py

asan:  ## the tests under the address and undefined-behaviour sanitizers
	@tools/setup.py --tests
	@cmake --preset asan
	@cmake --build --preset asan
	@tools/run_tests.py asan

tidy:  ## clang-tidy on every source; the first time takes long, then only what changed is looked at again
	@tools/setup.py --tests --lint
	@cmake --preset tidy
	@cmake --build --preset tidy -- -k 0

format:  ## clang-format on every source
	@tools/setup.py --lint
	@git ls-files '*.h' '*.cc' | xargs -r clang-format -i

clean:  ## remove the build folders (the cache stays)
	@rm -rf build
