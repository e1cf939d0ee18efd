# The guest's programs and its initramfs, the same for every phase: build/user/initramfs.cpio, or
# debian.cpio with Debian's own programs.
#
# A probe is a small static program, common/user/probes/NAME.c, that tests one thing which no
# BusyBox applet shows; it becomes /bin/probe-NAME.

USER_BUILD := build/user
USER_CC := musl-gcc
# After musl's own headers, Linux's for what the C library does not declare.
USER_CFLAGS := -static -O2 -Wall -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu
PROBES := $(patsubst common/user/probes/%.c,$(USER_BUILD)/bin/probe-%,$(wildcard common/user/probes/*.c))
PROGRAMS := $(USER_BUILD)/bin/bench $(PROBES)
IMAGE_SOURCES := tools/image.py $(wildcard common/user/*.list common/user/etc/* common/user/etc/*/* \
    common/user/www/*) /bin/busybox
USER_SAY = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,echo "  $(1) $(2)")

$(USER_BUILD)/bin/bench: common/user/bench.c common/user.mk | setup
	@$(call USER_SAY,CCU,$<)
	@mkdir -p $(@D)
	@$(USER_CC) $(USER_CFLAGS) -o $@ $<

$(USER_BUILD)/bin/probe-%: common/user/probes/%.c $(wildcard common/user/probes/*.h) common/user.mk | setup
	@$(call USER_SAY,CCU,$<)
	@mkdir -p $(@D)
	@$(USER_CC) $(USER_CFLAGS) -o $@ $<

# The list of programs, so that an image is made again when a probe has gone.
$(USER_BUILD)/programs.list: FORCE
	@mkdir -p $(@D)
	@echo $(PROGRAMS) | cmp -s - $@ || { echo $(PROGRAMS) >$@; \
	    rm -f $(filter-out $(PROGRAMS),$(wildcard $(USER_BUILD)/bin/*)); }

/bin/busybox: | setup ;

$(USER_BUILD)/initramfs.cpio: $(IMAGE_SOURCES) $(PROGRAMS) $(USER_BUILD)/programs.list
	@$(call USER_SAY,CPIO,$@)
	@$(PYTHON) tools/image.py --output $@ --programs $(USER_BUILD)/bin \
	    common/user/image.list common/user/image-programs.list

# Debian's own programs, which fetch.py brings: the packages that the image's list names.
DEBIAN_LIST := common/user/image-debian.list
$(USER_BUILD)/debian.cpio: $(IMAGE_SOURCES) tools/fetch.py tools/third_party.tsv
	@$(call USER_SAY,CPIO,$@)
	@mkdir -p $(@D)
	@$(PYTHON) tools/fetch.py $$(sed -n 's/^fetched *\([^ ]*\).*/\1/p' $(DEBIAN_LIST)) >/dev/null
	@$(PYTHON) tools/image.py --output $@ --programs $(USER_BUILD)/bin $(DEBIAN_LIST)

FORCE:
.PHONY: FORCE
