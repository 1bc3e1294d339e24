# neargate. `make demo` and `make test` need nothing but Rust, root and a Debian or Ubuntu machine.
SHELL := /bin/bash
HOST := $(shell rustc -vV | sed -n 's/^host: //p')
BIN := target/$(HOST)/release/neargate
PACKAGES := buildah busybox-static ca-certificates crun curl gcc iproute2 libc6-dev make nftables python3 python3-venv runc skopeo slowhttptest
VENV := .venv

.PHONY: demo test soak guest bench check fmt build packages clients clean

## Runs the demonstration end to end: a region on loopback, real tasks, the AWS CLI, and a table of what was proved.
demo: build clients
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(BIN) demo

# Everything is built once, as it is released. Four of the clients' tests run at a time, as they mostly wait.
## Runs every test: the pure ones, those against this machine's kernel, and the AWS clients' against a running region.
test: check clients
	cargo build --release --workspace --all-targets --quiet
	cargo test --release --workspace --quiet
	$(VENV)/bin/python tools/shapes.py --check
	$(VENV)/bin/python tools/resourcetypes.py --check
	$(VENV)/bin/python tools/oracle.py
	$(VENV)/bin/python -m pytest -q tests/http2 --serve target/$(HOST)/release/examples/serve
	$(VENV)/bin/python -m pytest -q tests/conformance --neargate $(BIN) -n 4 --dist loadfile

## Holds the model of networks against this machine's kernel for thousands of random topologies: minutes, not seconds.
soak: packages
	CASES=$${CASES:-5000} cargo test --release -p network --test verdicts

## Runs what asks something of the kernel on another one: Debian's own, with cgroup v2 alone, in a virtual machine without a network.
guest: PACKAGES += binutils cpio qemu-system-x86
guest: build
	tests/guest/run.py

## Runs the benchmarks, beside the peers they are compared with.
bench: PACKAGES += iptables
bench: build clients
	bench/run $(BIN)

## Style and lints.
check: packages
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets --quiet -- -D warnings
	tools/tidy

fmt:
	cargo fmt --all

build: packages
	cargo build --release --quiet -p neargate

# Installs what is missing, and only that.
packages:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q '^install ok' || echo $$p; done); \
	if [ -n "$$missing" ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; fi

# The AWS clients that tests and the demonstration drive neargate with, pinned.
clients: $(VENV)/ready
$(VENV)/ready: tools/requirements.txt | packages
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tools/requirements.txt
	touch $@

clean:
	rm -rf target $(VENV)
