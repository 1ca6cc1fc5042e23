# Node 24 runs TypeScript by itself; machines may have an older one, so the one that npm installs comes first.
export PATH := $(CURDIR)/node_modules/.bin:$(value PATH)
# What compiling the same libraries has led to is kept for the next process.
export NODE_COMPILE_CACHE := $(CURDIR)/.rehearsal/compile-cache
# Also from the command line: make rehearse STACK=dev CHARTS=path/to/charts
export STACK ## name of the stack; default dev
export CHARTS ## directory of real charts, or none; default those that the lab was made with
export PODS ## containers or simulated; default containers where the stack has versions of today and this machine can run them
export HOST ## kind of host, one of rehearsal/profile/hosts/; default the stack's own, else default
export DELAYS ## realistic: what is simulated takes its time; default none
export SEED ## number that decides how long each takes then; default 1
ifneq ($(origin HOST),command line)
# Some shells have one of their own, which means the machine.
unexport HOST
endif
export ARGS
# Text as it was given: make would take a $ in it for a variable of its own.
$(foreach name,STACK CHARTS PODS HOST DELAYS SEED ARGS,$(eval override $(name) := $$(value $(name))))
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

installed := node_modules/.package-lock.json
rehearsal := node rehearsal/main.ts

# What runs in processes of its own, built from the sources as they are now; that it is takes a moment to see.
.PHONY: build
build: $(installed)
	@node rehearsal/build.ts

.PHONY: help
help: ## What there is
	@echo 'make TARGET [VARIABLE=value ...]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' Makefile
	@awk -F '^export | ## ' '/^export [A-Z]+ ## / { printf "  %-16s %s\n", $$2, $$3 }' Makefile

.PHONY: rehearse
rehearse: build ## Build the lab on this machine, in containers where it can run them; again: bring it up to date
	@$(rehearsal) up

.PHONY: rehearse-down
rehearse-down: build ## Destroy the rehearsed lab, check that nothing is left, stop everything
	@$(rehearsal) down

.PHONY: rehearse-reset
rehearse-reset: $(installed) ## Throw the rehearsal away, whatever state it is in
	@$(rehearsal) reset

.PHONY: preview
preview: build ## What would change in the rehearsed lab now; needs no running host
	@$(rehearsal) preview --line "$$ARGS"

.PHONY: pulumi
pulumi: build ## Pulumi on the rehearsed stack: make pulumi ARGS="stack output"
	@$(rehearsal) pulumi --line "$$ARGS"

.PHONY: lab
lab: build ## A verb on the rehearsed lab: make lab ARGS="status"; on a real one: npm run lab -- status
	@$(rehearsal) lab --line "$$ARGS"

.PHONY: tools
tools: build ## Find or build what the rehearsal runs; also what runs containers: make tools ARGS=containers
	@$(rehearsal) tools --line "$$ARGS"

# The tools for all tests that this machine can run.
.PHONY: tools-for-tests
tools-for-tests: build
	@$(rehearsal) tools --line possible

.PHONY: test
test: tools-for-tests ## Unit tests, then rehearsal tests: they build labs, break them, and expect the reason
	@vitest run --project unit --project rehearsal --project containers

.PHONY: test-unit
test-unit: tools ## The tests that take seconds
	@vitest run --project unit

.PHONY: test-rehearsal
test-rehearsal: tools-for-tests ## The tests that build the lab with the real engine on real API servers
	@vitest run --project rehearsal --project containers

.PHONY: soak
soak: tools ## Kill what builds any lab, at any moment: make soak SEEDS=20 SEED=100; and follow the capabilities' pages
	@vitest run --project soak

.PHONY: bench
bench: build ## Measure the lab against the article's commands, write docs/benchmarks.md (an hour; ARGS=--help for less)
	@REHEARSAL_DIR="$$PWD/.rehearsal/bench" node tests/bench/main.ts --line "$$ARGS"

.PHONY: check types formatting lint layers unused
check: $(installed) ## Types, formatting, lint, which folder imports which, and what nothing uses
	@$(MAKE) --jobs=3 --output-sync types formatting lint layers unused

types: ; @tsc -p . && echo "types: no errors"
formatting: ; @prettier --log-level warn --check . && echo "formatting: as prettier has it"
lint: ; @eslint . && echo "lint: no problems"
layers: ; @depcruise --config .dependency-cruiser.js --output-type err-long . && echo "layers: imports run one way"
unused: ; @knip && echo "unused: nothing"

.PHONY: format
format: $(installed) ## Format everything
	@changed=$$(prettier --write --list-different .) && echo "formatted: $${changed:-nothing, all is as it must be}"

.PHONY: docs
docs: build ## Write what is made from other files: Pulumi.yaml's keys, the README's tables and its picture
	@node config/reference/main.ts
	@node dist/cli/main.js graph --plan Pulumi.dev.yaml --output docs/lab.svg

.PHONY: plan
plan: $(installed) ## Write the plans that first previews of dev and article are compared with
	@vitest run --project rehearsal tests/rehearsal/preview.test.ts --update

.PHONY: clean
clean: ## Throw the rehearsal away, with its tools, and the installed packages
	@if [ -d .rehearsal ] && [ -e $(installed) ]; then $(rehearsal) reset; fi
	rm -rf .rehearsal node_modules

$(installed): package.json package-lock.json rehearsal/package.json
	@# Its warnings are of the machine's Node, in whose place it installs one.
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@
