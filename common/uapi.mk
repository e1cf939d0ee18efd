# Linux's ABI from Linux's own headers, staged so that nothing else of libc is visible.
#
# Debian's linux-libc-dev puts them among the C library's headers; build/uapi holds copies of the
# three directories that are the kernel's.  common/uapi stands before it on the include path and
# replaces the few that cannot be compiled behind the fence.

UAPI := $(ROOT)/build/uapi
UAPI_STAMP := $(UAPI)/staged
UAPI_FROM := /usr/include
UAPI_MACHINE := $(UAPI_FROM)/$(shell gcc -print-multiarch)/asm

# Staged beside and then renamed, so that builds running at the same time see all or nothing.
$(UAPI_STAMP): $(UAPI_FROM)/linux/version.h
	@rm -rf $(UAPI).$$$$ && mkdir -p $(UAPI).$$$$ && \
	cp -R $(UAPI_FROM)/linux $(UAPI_FROM)/asm-generic $(UAPI_MACHINE) $(UAPI).$$$$ && \
	rm -rf $(UAPI) && { mv -T $(UAPI).$$$$ $(UAPI) 2>/dev/null || rm -rf $(UAPI).$$$$; } && \
	touch $@

$(UAPI_FROM)/linux/version.h:
	@echo "Linux's headers are missing: install linux-libc-dev, or run make setup" >&2; exit 2
