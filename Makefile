# Every command a developer needs; `make` alone lists them. Only `setup` (which `demo` and `test` call) installs anything on this machine.
.DEFAULT_GOAL := help
.PHONY: help setup build preload demo test simulate stress fuzz bench lint install clean

SWIFT ?= swift
CFLAGS ?= -O2 -g -Wall -Wextra -Werror
PREFIX ?= /usr/local
DESTDIR ?=

PRELOAD := $(patsubst Preload/%.c,libridealong-%.so,$(wildcard Preload/*.c))
RELEASE := .build/release
INSTALLED := $(DESTDIR)$(PREFIX)

help:
	@sed -n 's/^## \([^:]*\): /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

## setup: install what this machine lacks, with apt (as root or with sudo); says what
setup:
	@Scripts/setup.sh

## build: .build/release/ridealong, with the preload libraries beside it
build:
	$(SWIFT) build -c release --product ridealong --static-swift-stdlib
	@$(MAKE) --no-print-directory preload INTO=$(RELEASE)

# The libraries that are loaded into rr: plain C, put beside the binary that will look for them.
preload: $(PRELOAD:%=$(INTO)/%)

$(INTO)/libridealong-%.so: Preload/%.c $(wildcard Preload/*.h)
	@mkdir -p $(INTO)
	$(CC) $(CFLAGS) -shared -fPIC -o $@ $<

## demo: record redis and nine clients, and show who said what to whom
demo: setup build
	@Scripts/demo.sh

## test: everything that must hold: all tests, and lint
test: setup lint
	$(SWIFT) build --build-tests
	@$(MAKE) --no-print-directory preload INTO=.build/debug
	$(SWIFT) test --skip-build --disable-xctest
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=60

## simulate: try SEEDS simulated worlds (10000) whose truth is known; FEATURES=a,b for those with only a and b
SEEDS ?= 10000
simulate:
	RIDEALONG_SEEDS=$(SEEDS) $(if $(FEATURES),RIDEALONG_FEATURES=$(FEATURES)) \
		$(SWIFT) test -c release --disable-xctest --filter SimulationTests

## stress: capture 400 000 calls of a program whose turns are cut short, in the ring and by int3, and compare
stress:
	$(SWIFT) build --build-tests
	@$(MAKE) --no-print-directory preload INTO=.build/debug
	RIDEALONG_STRESS_ROUNDS=45000 $(SWIFT) test --skip-build --disable-xctest --filter RecordedCaptureTests/stress

## fuzz: look for bytes that crash the readers of traces and captures, for FUZZ_SECONDS in all (an hour)
FUZZ_SECONDS ?= 3600
fuzz:
	$(SWIFT) build --package-path Fuzz -c release --sanitize=fuzzer -Xswiftc -sanitize=fuzzer,address
	@Scripts/fuzz.sh $(FUZZ_SECONDS)

## bench: measure reading and replaying, on recorded redis servers, recording, and ordering, on made-up traffic; fails if a promise is not kept
bench: setup build
	$(SWIFT) build --package-path Benchmarks -c release
	@Scripts/bench.sh .build-bench

## lint: swift-format, strict
lint:
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Package.swift Fuzz/Sources Fuzz/Package.swift \
		Benchmarks/Sources Benchmarks/Package.swift

## install: into PREFIX (/usr/local), under DESTDIR if given
install: build
	Scripts/install.sh $(RELEASE) $(INSTALLED)

## clean: remove what was built and what the demo recorded
clean:
	rm -rf .build demo-run .build-bench Fuzz/.build Benchmarks/.build
