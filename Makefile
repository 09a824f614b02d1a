# Every command a developer needs. `make setup` is the only place that installs anything.
.PHONY: build preload test lint

PRELOAD := $(patsubst Preload/%.c,%,$(wildcard Preload/*.c))
CFLAGS ?= -O2 -g -Wall -Wextra -Werror

## build: .build/release/ridealong, with the preload libraries beside it
build: 
	swift build -c release --product ridealong --static-swift-stdlib
	$(MAKE) preload INTO=.build/release

# The libraries that are loaded into rr: plain C, put beside the binary that will look for them.
preload: $(PRELOAD:%=$(INTO)/libridealong-%.so)

test:
	swift build --build-tests
	$(MAKE) preload INTO=.build/debug
	swift test

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

$(INTO)/libridealong-%.so: Preload/%.c
	mkdir -p $(INTO)
	cc $(CFLAGS) -shared -fPIC -o $@ $<
