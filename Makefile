# Every entry point of Aramid; `make help` lists them.
#
# Parameters (on the command line or in the environment):
#   PHASE=1..4        which kernel; the newest finished one by default.  `iso`, `check`, `test` and
#                     `rings` are about all finished phases unless PHASE says which
#   EMU=qemu|bochs    which emulator
#   IMAGE=ordinary|debian  what is on the guest's disk: BusyBox, or Debian's own programs
#   MEM=MiB           the guest's memory
#   NIC=virtio|e1000|none  its network card; Bochs has no virtio
#   APPEND="..."      words for the kernel's command line

PYTHON := /usr/bin/python3
FINISHED := $(sort $(patsubst phase%,%,$(foreach path,$(wildcard phase[0-9]-*/Makefile),\
    $(firstword $(subst -, ,$(path))))))
# What an image needs, and what it gets unless MEM says otherwise.
MEM_LEAST_ordinary := 32
MEM_LEAST_debian := 160
MEM_ordinary := 128
MEM_debian := 256
MEM_MOST_qemu := 3072
MEM_MOST_bochs := 2048
# The first is what an emulator gets unless NIC says otherwise.
NICS_qemu := virtio e1000 none
NICS_bochs := e1000 none

PHASE ?= $(lastword $(FINISHED))
# All phases, or the one that was asked for.
PHASES := $(if $(filter file,$(origin PHASE)),$(FINISHED),$(PHASE))
EMU ?= qemu
IMAGE ?= ordinary
MEM ?= $(or $(MEM_$(IMAGE)),$(MEM_ordinary))
NIC ?= $(firstword $(or $(NICS_$(EMU)),$(NICS_qemu)))
APPEND ?=
export PHASE EMU IMAGE MEM NIC APPEND
export PYTHONDONTWRITEBYTECODE := 1

directory_of = $(patsubst %/Makefile,%,$(wildcard phase$(1)-*/Makefile))
PHASE_DIRECTORY = $(call directory_of,$(PHASE))
BUILD := build/phase$(PHASE)
# One medium for each image and kernel command line.
MEDIUM = $(MEDIUM_$(IMAGE))$(if $(APPEND),-$(firstword $(shell printf %s '$(APPEND)' | cksum))).iso
ISO = $(BUILD)/$(MEDIUM)
# The medium with a menu of all phases.
MENU = build/$(MEDIUM)
# A kernel of its own, which counts what it runs, and what the machines that ran it have counted.
COVERAGE_BUILD := build/coverage$(PHASE)
COVERED = ARAMID_COVERAGE=$(CURDIR)/$(COVERAGE_BUILD)/runs ARAMID_KERNEL=$(CURDIR)/$(COVERAGE_BUILD)/kernel.boot
MEDIUM_ordinary := aramid
MEDIUM_debian := debian
INITRAMFS_ordinary := build/user/initramfs.cpio
INITRAMFS_debian := build/user/debian.cpio
INITRAMFS = $(INITRAMFS_$(IMAGE))
# Linux, to compare with: a package that tools/third_party.tsv names.
LINUX := linux-image-6.1.0-56-cloud-amd64
# The same version with drivers for every network card.
LINUX_CARDS := linux-image-6.1.0-56-amd64

# ---- wrong values: one line on standard error, exit status 2 ----------------------------------

one_word = $(if $(filter 1,$(words $(1))),$(1),-)
# A handout has one phase.
NOT_HERE := $(if $(word 2,$(FINISHED)),is not a finished phase,is not here)
# What a recipe puts between quotes.
PLAIN := APPEND $(if $(filter carry,$(MAKECMDGOALS)),FILE) $(if $(filter diff,$(MAKECMDGOALS)),HTML) \
    $(if $(filter bench%,$(MAKECMDGOALS)),BENCH)
ifneq ($(filter-out help clean setup,$(or $(MAKECMDGOALS),help)),)
ifeq ($(filter $(FINISHED),$(call one_word,$(PHASE))),)
$(error PHASE=$(PHASE) $(NOT_HERE); choose from: $(FINISHED))
endif
ifeq ($(filter qemu bochs,$(call one_word,$(EMU))),)
$(error EMU=$(EMU) is not an emulator; choose from: qemu bochs)
endif
ifeq ($(filter ordinary debian,$(call one_word,$(IMAGE))),)
$(error IMAGE=$(IMAGE) is not an image; choose from: ordinary debian)
endif
ifeq ($(filter $(shell seq $(MEM_LEAST_$(IMAGE)) $(MEM_MOST_$(EMU))),$(call one_word,$(MEM))),)
$(error MEM=$(MEM) is not a size; give MiB from $(MEM_LEAST_$(IMAGE)) to $(MEM_MOST_$(EMU)) (EMU=$(EMU) IMAGE=$(IMAGE)))
endif
ifeq ($(filter $(NICS_$(EMU)),$(call one_word,$(NIC))),)
$(error NIC=$(NIC) is not a network card; choose from: $(NICS_$(EMU)) (EMU=$(EMU)))
endif
$(foreach name,$(PLAIN),$(if $(strip $(foreach sign,' " \ $$,$(findstring $(sign),$(value $(name))))),\
    $(error $(name)=$(value $(name)) has a quote, a backslash or a dollar sign in it; give plain words)))
endif

ifneq ($(filter diff,$(MAKECMDGOALS))$(if $(filter bench,$(MAKECMDGOALS)),$(FROM)$(TO)),)
ifeq ($(word 2,$(FINISHED)),)
$(error there is one phase here and no other to compare with: $(FINISHED))
endif
ifeq ($(and $(FROM),$(TO)),)
$(error give FROM= and TO=, two of the phases: $(FINISHED))
endif
ifeq ($(filter $(FINISHED),$(call one_word,$(FROM))),)
$(error FROM=$(FROM) $(NOT_HERE); choose from: $(FINISHED))
endif
ifeq ($(filter $(FINISHED),$(call one_word,$(TO))),)
$(error TO=$(TO) $(NOT_HERE); choose from: $(FINISHED))
endif
COMPARED := $(filter $(shell seq $(FROM) $(TO)),$(FINISHED))
ifeq ($(word 2,$(COMPARED)),)
$(error TO=$(TO) is not after FROM=$(FROM))
endif
endif

# ---- entry points ------------------------------------------------------------------------------

help: ## this list
	@echo 'Aramid.  Finished phases: $(FINISHED).'
	@echo 'Parameters: PHASE=$(PHASE) EMU=$(EMU) (or bochs) IMAGE=$(IMAGE) (or debian) MEM=$(MEM) (MiB) NIC=$(NIC) (or $(filter-out $(NIC),$(NICS_$(EMU)))) APPEND="$(APPEND)" (kernel command line)'
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' Makefile | \
	    while read -r target text; do printf '  make %-11s %s\n' "$$target" "$$text"; done

boot: medium ## build everything and boot to a prompt; lines on standard input are typed there
	@$(PYTHON) grader/boot.py $(BOOT_OPTIONS) $(ISO)

menu: menu-medium ## boot a menu of all finished phases: arrow keys and Enter, or a phase's number
	@$(PYTHON) grader/boot.py $(BOOT_OPTIONS) --menu $(words $(FINISHED)) $(MENU)

gdb: medium ## boot stopped, waiting for the debugger; prints what to type in a second terminal
	@test '$(EMU)' = qemu || { echo 'make gdb needs EMU=qemu' >&2; exit 2; }
	@echo "In a second terminal: gdb $(BUILD)/kernel.elf -ex 'target remote $(BUILD)/gdb'"
	@$(PYTHON) grader/boot.py $(BOOT_OPTIONS) --stay --gdb $(BUILD)/gdb $(ISO)

test: iso check unit suite-sources debian-image ## every test on the newest phase, a share of them on the earlier ones
	@$(PYTHON) -m pytest $(SHARE) $(PYTEST)
	@set -e; for phase in $(EARLIER); do \
	    echo "phase $$phase:"; PHASE=$$phase $(PYTHON) -m pytest $(SHARE_OF_ALL); done

test-phases: ## every test on every finished phase
	@set -e; for phase in $(PHASES); do \
	    echo "phase $$phase:"; $(MAKE) --no-print-directory test PHASE=$$phase; done

network: medium ## the network's tests at full size: 64 MiB, 1,000 requests, 20,000 connections, two-minute waits
	@ARAMID_NETWORK=full $(PYTHON) -m pytest $(SHARE) $(NETWORK_TESTS) $(PYTEST)

unit: setup ## unit tests of common/lib, on this machine
	@$(MAKE) $(SUB) -C common/lib/test

fuzz: uapi ## libFuzzer on the readers of foreign data, on this machine; RUNS= executions of each
	@$(MAKE) $(SUB) -C common/lib/fuzz
	@$(MAKE) $(SUB) -C grader/fuzz

check: uapi ## the rules of the rings, held against the sources and the services' modules; and check-tree
	@set -e; for phase in $(PHASES); do $(PYTHON) tools/ring_check.py --phase $$phase; done
	@$(if $(WALLED),$(ALONE) $(WALLED))
	@$(PYTHON) tools/check_tree.py

check-tree: ## nothing is written twice: the phases' links, MOVES and BASES (FIX=1: make the links)
	@$(PYTHON) tools/check_tree.py $(if $(FIX),--fix)

carry: ## a change of FILE=phaseN-.../... merged into the later phases' own versions of it
	@test -n '$(FILE)' || { echo 'make carry needs FILE=, a regular file of a phase directory' >&2; exit 2; }
	@$(PYTHON) tools/carry.py $(if $(ADOPT),--adopt) '$(FILE)'

diff: ## what a step changed: FROM=1 TO=2, SUMMARY=1 for the numbers alone, HTML=out.html for a page
	@$(PYTHON) tools/diff.py --from $(FROM) --to $(TO) $(if $(SUMMARY),--summary) $(if $(HTML),--html '$(HTML)')

handout: ## one phase alone as a flat tarball without links: build/handout/aramid-phaseN.tar.gz
	@$(PYTHON) tools/handout.py --phase $(PHASE)

rings: ## the table of modules, the phases side by side (PHASE=n: one, with asm, casts, exceptions)
	@set -e; for phase in $(PHASES); do $(MAKE) --no-print-directory PHASE=$$phase kernel; done
	@$(PYTHON) tools/rings.py --phase $(PHASES)

bench: kernel ## guest instructions per operation, beside Linux's, or of phases FROM=1 TO=2 (BENCH="null stat")
	@$(ALONE) build-bench $(COMPARED:%=build-kernel-%)
	@$(PYTHON) grader/bench.py $(patsubst %,--then build/phase%/kernel.boot,$(wordlist 2,9,$(COMPARED))) \
	    build/phase$(firstword $(COMPARED) $(PHASE))/kernel.boot build/user/bin $(BENCH)

bench-wall: kernel linux ## wall time of the same, in turn with a Linux in the same emulator
	@$(ALONE) build-bench
	@$(PYTHON) grader/bench.py --against build/linux/boot/vmlinuz-* $(BUILD)/kernel.boot build/user/bin $(BENCH)

bench-net: kernel linux-cards ## TCP to and from this host, in turn with a Linux, with both cards
	@$(ALONE) build-bench
	@$(PYTHON) grader/bench_network.py build/linux-cards/boot/vmlinuz-* build/linux-cards/lib/modules \
	    $(BUILD)/kernel.boot build/user/bin

suite: kernel suite-sources ## BusyBox's own test suite in the guest, beside Linux's verdicts (SUITE="cp mv")
	@test '$(EMU)' = qemu || { echo 'make suite needs EMU=qemu' >&2; exit 2; }
	@$(ALONE) build-suite
	@$(PYTHON) grader/suite.py --memory $(MEM) $(BUILD)/kernel.boot $(SUITE)

coverage: ## which lines of the kernel the tests reach (COVER="fs/path.c": the unreached ones)
	@$(if $(COVER),,$(MAKE) --no-print-directory coverage-run)
	@$(PYTHON) grader/coverage.py report $(COVERAGE_BUILD)/kernel.elf $(COVERAGE_BUILD)/runs $(COVER)

suite-linux: suite-sources linux ## the same suite on Debian's Linux, three times: its verdicts are written down
	@$(ALONE) build-suite
	@$(PYTHON) grader/suite.py --linux build/linux/boot/vmlinuz-*

iso: $(if $(filter file,$(origin PHASE)),menu-medium,medium) ## build/aramid.iso: a menu of all phases; with PHASE=n build/phaseN/aramid.iso

kernel: setup ## build/phaseN/kernel.elf
	@$(ALONE) build-kernel

setup: ## install the Debian packages that are missing
	@tools/setup

clean: ## remove everything built
	@rm -rf build

# ---- behind them -------------------------------------------------------------------------------

SUB = --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
# An EMU that was asked for runs that emulator's tests alone.
OF_EMU := $(if $(filter file,$(origin EMU)),,$(if $(filter bochs,$(EMU)),,not )bochs)
SHARE = $(if $(OF_EMU),-m '$(OF_EMU)')
# What runs on the phases before the newest; nothing if PYTEST chooses among the tests.
SHARE_OF_ALL = -m 'every_phase$(if $(OF_EMU), and $(OF_EMU))'
EARLIER = $(if $(PYTEST),,$(filter-out $(PHASE),$(PHASES)))
NETWORK_TESTS := $(wildcard grader/tests/test_network_*.py)
BOOT_OPTIONS = --emulator $(EMU) --memory $(MEM) --nic $(NIC)

# Two builds of one tree at the same time would take each other's half-written files.
ALONE = mkdir -p build && flock build/lock $(MAKE) $(SUB)

suite-sources: setup
	@$(PYTHON) tools/fetch.py busybox >/dev/null

# Downloaded and unpacked, not installed.
unpack = $(PYTHON) tools/fetch.py $(1) >build/$(2).path && rm -rf build/$(2) && \
    dpkg-deb --extract "$$(cat build/$(2).path)" build/$(2)

linux: setup
	@$(call unpack,$(LINUX),$@)

linux-cards: setup
	@$(call unpack,$(LINUX_CARDS),$@)

medium: setup
	@$(ALONE) build-iso

menu-medium: setup
	@$(ALONE) build-menu

build-kernel: build-kernel-$(PHASE)

# Headers of others are unpacked first: two phases would do it at the same time.
KERNELS := $(FINISHED:%=build-kernel-%)
$(KERNELS): build-kernel-%: build-uapi
	@$(MAKE) $(SUB) -C $(call directory_of,$*) PHASE=$*

# Modules are held against their walls when they are built.
WALLED = $(foreach phase,$(PHASES),$(if $(wildcard $(call directory_of,$(phase))/services),build-kernel-$(phase)))

# As the kernel calls itself.
phase_name = $(shell sed -n 's/.*PHASE_NAME "\(.*\)"/\1/p' $(call directory_of,$(1))/kernel/phase.h)
build-menu: $(KERNELS) $(INITRAMFS)
	@$(PYTHON) grader/iso.py --output $(MENU) --initramfs $(INITRAMFS) --append "$$APPEND" \
	    $(foreach phase,$(FINISHED),--entry '$(call phase_name,$(phase))' build/phase$(phase)/kernel.boot)

build-iso: build-kernel $(INITRAMFS)
	@$(PYTHON) grader/iso.py --output $(ISO) --kernel $(BUILD)/kernel.boot \
	    --initramfs $(INITRAMFS) --append "$$APPEND"

build-coverage: $(INITRAMFS_ordinary)
	@$(MAKE) $(SUB) -C $(PHASE_DIRECTORY) COVERAGE=1 BUILD=../$(COVERAGE_BUILD)

# A test that fails in this larger and slower kernel has reached what it has reached.  The suite's
# part that the tests run is not run again, and bc's would compute for minutes.
COVERAGE_SUITE := awk dc factor md5sum sha1sum sha256sum sha3sum sha512sum
coverage-run: medium suite-sources debian-image
	@$(ALONE) build-coverage
	@$(PYTHON) grader/coverage.py begin $(COVERAGE_BUILD)/kernel.elf $(COVERAGE_BUILD)/runs
	-@$(COVERED) $(PYTHON) -m pytest -m 'not bochs' $(PYTEST)
	-@$(COVERED) $(PYTHON) grader/suite.py --memory $(MEM) $(COVERAGE_BUILD)/kernel.boot $(COVERAGE_SUITE) >$(COVERAGE_BUILD)/suite
	@tail -n 1 $(COVERAGE_BUILD)/suite

build-uapi:
	@$(MAKE) $(SUB) -C $(PHASE_DIRECTORY) uapi

build-bench: build/user/bin/bench

build-suite: build/user/bin/probe-balance

build-debian-image: $(INITRAMFS_debian)

uapi: setup
	@$(ALONE) build-uapi

debian-image: setup
	@$(ALONE) build-debian-image

include common/user.mk

.PHONY: help boot menu gdb test test-phases network unit fuzz check check-tree carry diff handout rings bench \
    bench-wall bench-net iso kernel setup clean uapi suite suite-linux linux linux-cards suite-sources \
    debian-image medium menu-medium build-kernel $(KERNELS) build-iso build-menu build-uapi build-bench \
    build-suite build-debian-image coverage coverage-run build-coverage
