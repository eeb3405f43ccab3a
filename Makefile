# make            the plugins: one static executable and a link to it for each plugin, in bin/
# make demo       shows two containers getting an interface each and talking to each other
# make test       everything that must hold
# make help       the other targets

# Where `make install` puts the plugins; DESTDIR goes before it.
BINDIR ?= /opt/cni/bin
# The debug and release builds, and what the tests compare with.
BUILD = .build
# For size. The compiler keeps whatever is public, as others may call a library, and lets each file's code stay or go as
# one piece. The last two flags tell it better, and the linker leaves out every function that nothing here calls.
SMALL = -Osize -Xfrontend -internalize-at-link -Xfrontend -function-sections
# A plugin is a name of the executable. Each has one configuration to copy, which is where the names are written down.
PLUGINS = $(basename $(notdir $(wildcard conf/*.conflist)))
# Debian packages: what to build with, and the tools of the demonstration; then what the tests and the benchmark
# compare and look with, a container engine among them. No service is started.
BUILD_PACKAGES = binutils libjansson-dev libmd-dev
DEMO_PACKAGES = $(BUILD_PACKAGES) iproute2 iputils-ping jq
PACKAGES = $(DEMO_PACKAGES) busybox-static docker.io e2fsprogs gcc iperf3 iptables libc6-dev nftables procps strace xz-utils $(PIP)
# Whichever pip there is will do.
PIP = $(shell python3 -m pip --version >/dev/null 2>&1 || echo python3-pip)

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: all demo test test-reference check format install deps peers bench test-vm clean help

all: bin/swift-cni
	@for plugin in $(PLUGINS); do ln -sfn swift-cni bin/$$plugin; done

# Cheap where nothing has changed, and the compiler knows that better than a list of files here.
bin/swift-cni: FORCE
	@scripts/install-packages $(BUILD_PACKAGES)
	swift build --configuration release $(SMALL:%=-Xswiftc %) --product swift-cni --scratch-path $(BUILD)
	@mkdir -p bin
	@strip -o bin/.swift-cni $(BUILD)/release/swift-cni
	@if cmp -s bin/.swift-cni $@; then rm bin/.swift-cni; else mv bin/.swift-cni $@; fi
FORCE:

## demo      two containers on a bridge, in a private network of their own: nothing on this machine changes
demo: PACKAGES = $(DEMO_PACKAGES)
demo: deps all
	@scripts/demo bin

## test      checks, then all tests: units, kernel, the fixtures of testdata/plugins, the real callers
test: deps all check peers
	swift test --scratch-path $(BUILD)

## test-reference   the same cases against the reference plugins: they differ where that is documented, and only there
test-reference: deps peers
	PLUGIN_DIR=$(abspath $(or $(PEERS_DIR),.build/peers))/plugins \
	  swift test --scratch-path $(BUILD) --filter PluginTests.FixtureTests

## check     formatting, and that the executable is static, without Foundation, and small
check: all
	swift format lint --strict --parallel --recursive Package.swift Sources Tests
	@scripts/check-executable bin/swift-cni $(BUILD)/release/swift-cni

## format    formats the sources
format:
	swift format --in-place --parallel --recursive Package.swift Sources Tests

## install   to $(DESTDIR)$(BINDIR), while plugins are being called
install: all
	@scripts/install-plugins bin/swift-cni $(DESTDIR)$(BINDIR) $(PLUGINS)

## deps      installs the Debian packages that are needed here, where they are missing
deps:
	@scripts/install-packages $(PACKAGES)

## peers     fetches the reference plugins and builds the real cnitool, to compare with
peers:
	@scripts/peers $(PEERS_DIR)

## bench     times the plugins against the reference and against a minimal C program
bench: deps all peers
	@$(MAKE) --no-print-directory -C Benchmarks run

## test-vm   real reboots, and the tests that need what this kernel lacks, in a virtual machine
test-vm: deps all
	@scripts/test-vm

## clean     removes everything that was built
clean:
	rm -rf bin $(BUILD)
	@$(MAKE) --no-print-directory -C Benchmarks clean

help:
	@sed -n 's/^# make /make /p; s/^## /make /p' $(MAKEFILE_LIST)
