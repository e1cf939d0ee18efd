# How a phase becomes build/phaseN/kernel.elf: the one set of build rules.
#
# A phase's Makefile names its modules and includes this file:
#
#   PHASE       := 1         its number
#   PLATFORM    += contain   directories of common/platform that only later phases use
#   THIRD_PARTY += lwip      libraries of others, each with rules of its own: common/lwip.mk
#
# All sources that lie in a directory belong to it: Ring 0 is common/platform, the helpers of all
# rings common/lib, Ring 2 the phase's kernel/services (builtin.mk) or, where it has such directories,
# its services/ and libs/ (modules.mk), Ring 1 the rest of its kernel/.  Each ring has its own flags
# below: that is how the compiler holds the line between them.

ROOT ?= ..
KERNEL ?= kernel
BUILD ?= $(ROOT)/build/phase$(PHASE)
RECIPE := $(BUILD)/recipe
OBJECT_LIST := $(BUILD)/objects.list
# Where the services are.
SERVICES_DIRECTORY := $(firstword $(wildcard services) $(KERNEL)/services)
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
LD := ld
AR := ar
NM := nm
OBJCOPY := objcopy
PYTHON := /usr/bin/python3

.DELETE_ON_ERROR:
.SUFFIXES:
# A file may become a link again, and the link is what is new about it then.
MAKEFLAGS += --no-builtin-rules --check-symlink-times

all: $(BUILD)/kernel.elf $(BUILD)/kernel.boot

include $(ROOT)/common/uapi.mk

# ---- sources -------------------------------------------------------------------------------

COMMON := $(ROOT)/common
PLATFORM_DIRECTORIES := $(COMMON)/platform $(PLATFORM:%=$(COMMON)/platform/%)
PLATFORM_SOURCES := $(sort $(wildcard $(PLATFORM_DIRECTORIES:%=%/*.c) $(PLATFORM_DIRECTORIES:%=%/*.S)))
LIB_SOURCES := $(sort $(wildcard $(COMMON)/lib/*.c))

# All C files below a directory, which links may lead to, relative to it.
sources_below = $(sort $(patsubst $(1)/%,%,$(shell find -L $(1) -name '*.c')))
CORE := $(filter-out services/%,$(call sources_below,$(KERNEL)))

PLATFORM_OBJECTS := $(PLATFORM_SOURCES:$(COMMON)/%=$(BUILD)/common/%.o)
LIB_OBJECTS := $(LIB_SOURCES:$(COMMON)/%=$(BUILD)/common/%.o)
CORE_OBJECTS := $(CORE:%=$(BUILD)/kernel/%.o)
OBJECTS = $(PLATFORM_OBJECTS) $(LIB_OBJECTS) $(CORE_OBJECTS) $(LINKED)

# ---- flags ---------------------------------------------------------------------------------

# COVERAGE=1 makes a kernel that counts what it runs (grader/coverage.py).  No counter is merged
# with another's, so the function that would do it is only a name.
COVERAGE ?=
ifneq ($(COVERAGE),)
COVERAGE_CFLAGS := -Og -fprofile-arcs -ftest-coverage -fprofile-update=single \
    -fprofile-info-section=gcov_info
COVERAGE_LDFLAGS := --defsym=__gcov_merge_add=1
endif

CFLAGS := -std=gnu17 -O2 -g -ffreestanding -nostdinc -mcmodel=kernel -mno-red-zone \
    -mgeneral-regs-only -fno-pic -fno-pie -fno-omit-frame-pointer -fno-optimize-sibling-calls \
    -fno-strict-aliasing -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
    -fmacro-prefix-map=$(ROOT)/= \
    -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla $(COVERAGE_CFLAGS)

SYSTEM_INCLUDES := -isystem $(shell $(CC) -print-file-name=include) \
    -isystem $(COMMON)/uapi -isystem $(UAPI)
LIB_INCLUDES := -I$(COMMON)/lib/include
PLATFORM_INCLUDES := -I$(COMMON)/platform/include

# Above Ring 0 the words that open inline assembly do not exist.
FENCE := -include $(COMMON)/fence.h

PLATFORM_FLAGS := $(CFLAGS) $(SYSTEM_INCLUDES) $(PLATFORM_INCLUDES) $(LIB_INCLUDES) \
    $(PLATFORM_DIRECTORIES:%=-I%)
LIB_FLAGS := $(CFLAGS) $(FENCE) $(SYSTEM_INCLUDES) $(LIB_INCLUDES) $(PLATFORM_INCLUDES)
KERNEL_FLAGS := $(CFLAGS) $(FENCE) $(SYSTEM_INCLUDES) -I$(KERNEL) $(PLATFORM_INCLUDES) \
    $(LIB_INCLUDES)

# Each library adds to these: its objects and sources, what Ring 2 has to see of it, what must be
# there before anything is compiled, and the flags of its own sources.
THIRD_PARTY_OBJECTS :=
THIRD_PARTY_SOURCES :=
THIRD_PARTY_INCLUDES :=
THIRD_PARTY_STAMPS :=
THIRD_PARTY_FLAGS :=
include $(THIRD_PARTY:%=$(COMMON)/%.mk)

# Ring 2: files of the kernel, or modules of their own.
include $(COMMON)/$(if $(filter services,$(SERVICES_DIRECTORY)),modules,builtin).mk

# The vDSO is a program of its own, in user mode, that is linked into the kernel as data.
VDSO_DIRECTORY := $(COMMON)/platform/vdso
VDSO_FLAGS := -std=gnu17 -O2 -ffreestanding -nostdinc -fPIC -fvisibility=hidden \
    -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -mno-red-zone \
    -Wall -Wextra -Werror $(SYSTEM_INCLUDES) $(PLATFORM_INCLUDES)
VDSO_LINK := -shared -nostdlib -Wl,-Bsymbolic,--hash-style=both,--build-id=none,-soname=linux-vdso.so.1 \
    -Wl,-z,noexecstack,-z,norelro,-z,max-page-size=4096,--no-warn-rwx-segments

LDFLAGS := -nostdlib -static --build-id=none -z max-page-size=4096 -z noexecstack \
    --no-warn-rwx-segments --fatal-warnings $(COVERAGE_LDFLAGS)
LINKER_SCRIPT := $(COMMON)/platform/kernel.ld

# What was compiled with other flags or linked from other files is made again: these two files hold
# both, and change only when they do.
define RECIPE_TEXT
$(shell $(CC) -dumpfullversion -dumpmachine)
$(CC) $(PLATFORM_FLAGS)
$(CC) $(LIB_FLAGS)
$(CC) $(SERVICE_FLAGS)
$(CC) $(THIRD_PARTY_FLAGS)
$(CC) $(VDSO_FLAGS) $(VDSO_LINK)
$(LD) $(LDFLAGS)
endef
export RECIPE_TEXT
OBJECT_TEXT = $(OBJECTS) $(COMPILED) $(PARTS)
export OBJECT_TEXT

note = @mkdir -p $(@D); printf '%s\n' "$$$(1)" | cmp -s - $@ || printf '%s\n' "$$$(1)" >$@
$(RECIPE): FORCE
	$(call note,RECIPE_TEXT)
$(OBJECT_LIST): FORCE
	$(call note,OBJECT_TEXT)
FORCE:

# ---- compiling -----------------------------------------------------------------------------

COMPILE = $(CC) -MD -MP -MF $(@:.o=.d) -c -o $@ $<
VERBOSE ?=
QUIET := $(if $(VERBOSE),,@)
SILENT := $(VERBOSE)$(findstring s,$(firstword -$(MAKEFLAGS)))
say = @$(if $(SILENT),:,echo "  $(1) $(patsubst $(ROOT)/%,%,$(2))")

$(BUILD)/common/platform/%.o: $(COMMON)/platform/% $(RECIPE) | $(UAPI_STAMP)
	$(call say,CC0,$<)
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) $(PLATFORM_FLAGS)

$(BUILD)/vdso.so: $(VDSO_DIRECTORY)/vdso.c $(VDSO_DIRECTORY)/vdso.ld \
        $(COMMON)/platform/include/platform/vdso.h $(RECIPE) | $(UAPI_STAMP)
	$(call say,CCU,$<)
	$(QUIET)$(CC) $(VDSO_FLAGS) $(VDSO_LINK) -Wl,-T,$(VDSO_DIRECTORY)/vdso.ld -o $@ $<
	$(QUIET)$(OBJCOPY) --strip-all $@

$(BUILD)/common/platform/vdso_image.S.o: PLATFORM_FLAGS += -I$(BUILD)
$(BUILD)/common/platform/vdso_image.S.o: $(BUILD)/vdso.so

$(BUILD)/common/lib/%.o: $(COMMON)/lib/% $(RECIPE) | $(UAPI_STAMP)
	$(call say,CCL,$<)
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) $(LIB_FLAGS)

$(CORE_OBJECTS): $(BUILD)/kernel/%.o: $(KERNEL)/% $(RECIPE) | $(UAPI_STAMP)
	$(call say,CC1,$<)
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) $(KERNEL_FLAGS)

-include $(patsubst %.o,%.d,$(OBJECTS) $(COMPILED))

# ---- linking -------------------------------------------------------------------------------

# The kernel can name its own functions in a panic report.  So it is linked twice: once to learn
# where they lie, then with that table.  The table comes after the text and moves none of it, and
# symbols.py --verify makes sure of that.
LINK = $(LD) $(LDFLAGS) -T $(LINKER_SCRIPT)

$(BUILD)/kernel.first.elf: $(OBJECTS) $(OBJECT_LIST) $(LINKER_SCRIPT)
	$(call say,LD ,$@)
	$(QUIET)$(LINK) -o $@ $(OBJECTS)
	$(QUIET)$(CHECK_KERNEL)

$(BUILD)/symbols.c: $(BUILD)/kernel.first.elf $(ROOT)/tools/symbols.py
	$(QUIET)$(PYTHON) $(ROOT)/tools/symbols.py --nm $(NM) $< >$@

$(BUILD)/symbols.o: $(BUILD)/symbols.c $(RECIPE)
	$(QUIET)$(CC) -c -o $@ $< $(PLATFORM_FLAGS)

$(BUILD)/kernel.elf: $(BUILD)/kernel.first.elf $(BUILD)/symbols.o
	$(call say,LD ,$@)
	$(QUIET)$(LINK) -o $@ $(OBJECTS) $(BUILD)/symbols.o
	$(QUIET)$(PYTHON) $(ROOT)/tools/symbols.py --nm $(NM) --verify $< $@

# What GRUB loads: the same kernel without what only a debugger reads.
$(BUILD)/kernel.boot: $(BUILD)/kernel.elf
	$(QUIET)$(OBJCOPY) --strip-all $< $@

# ---- other targets -------------------------------------------------------------------------

# Compile everything, link nothing.
objects: $(OBJECTS) $(COMPILED)

# One line a source file, "ring path", for the ring check.
list:
	@$(foreach file,$(PLATFORM_SOURCES),echo 0 $(file);) \
	$(foreach file,$(LIB_SOURCES),echo lib $(file);) \
	$(foreach file,$(CORE),echo 1 $(KERNEL)/$(file);) \
	$(foreach file,$(RING_2),echo 2 $(file);) \
	$(foreach file,$(THIRD_PARTY_SOURCES),echo third $(file);) :

# The flags of Ring 1 and 2, of what others wrote, of the platform and of the library, for the ring
# check.
flags-kernel: ; @echo $(KERNEL_FLAGS)
flags-third: ; @echo $(THIRD_PARTY_FLAGS)
flags-platform: ; @echo $(PLATFORM_FLAGS)
flags-lib: ; @echo $(LIB_FLAGS)

# The rules that this phase is built by, for make diff.
makefiles: ; @echo $(filter $(COMMON)/%.mk,$(MAKEFILE_LIST))

# Headers that are copied or unpacked before anything is compiled.
uapi: $(UAPI_STAMP) $(THIRD_PARTY_STAMPS) ; @:

clean:
	rm -rf $(BUILD)

.PHONY: all objects list flags-kernel flags-third flags-platform flags-lib makefiles uapi clean
