# lwIP, the TCP/IP stack that services/netstack makes sockets of: fetched from Debian's archive as
# upstream wrote it (Debian's own patches touch nothing that is compiled here), unpacked under
# build/, never changed.
#
# It is compiled with flags of its own: no warnings, no fence, and no header but its own, the
# compiler's and those that services/netstack/port has for it.  None of its applications is built.

LWIP := $(ROOT)/build/lwip
LWIP_VERSION := 2.1.3
LWIP_STAMP := $(LWIP)/unpacked-$(LWIP_VERSION)
LWIP_PORT := $(SERVICES_DIRECTORY)/netstack/port

LWIP_FILES := $(addprefix core/,def.c inet_chksum.c init.c ip.c mem.c memp.c netif.c pbuf.c raw.c \
    stats.c tcp.c tcp_in.c tcp_out.c udp.c) \
    $(addprefix core/ipv4/,etharp.c icmp.c igmp.c ip4.c ip4_addr.c ip4_frag.c) \
    $(addprefix core/ipv6/,ethip6.c icmp6.c inet6.c ip6.c ip6_addr.c ip6_frag.c mld6.c nd6.c) \
    netif/ethernet.c
LWIP_OBJECTS := $(LWIP_FILES:%=$(BUILD)/lwip/%.o)
LWIP_FLAGS := $(filter-out -W% $(COVERAGE_CFLAGS),$(CFLAGS)) -w \
    -isystem $(shell $(CC) -print-file-name=include) \
    -I$(LWIP_PORT) -I$(LWIP_PORT)/libc -I$(LWIP)/src/include

# Its service's part of it, where services are modules.
THIRD_PARTY_OBJECTS_netstack := $(LWIP_OBJECTS)
THIRD_PARTY_INCLUDES_netstack := -I$(LWIP_PORT) -isystem $(LWIP)/src/include

THIRD_PARTY_OBJECTS += $(THIRD_PARTY_OBJECTS_netstack)
THIRD_PARTY_SOURCES += $(LWIP_FILES:%=$(LWIP)/src/%)
THIRD_PARTY_INCLUDES += $(THIRD_PARTY_INCLUDES_netstack)
THIRD_PARTY_STAMPS += $(LWIP_STAMP)
THIRD_PARTY_FLAGS += $(LWIP_FLAGS)

# Unpacked beside and then renamed, so that builds running at the same time see all or nothing.
$(LWIP_STAMP):
	@archive=$$($(PYTHON) $(ROOT)/tools/fetch.py lwip) || \
	    { echo "lwIP $(LWIP_VERSION) is needed for the network and could not be fetched" >&2; exit 2; }; \
	rm -rf $(LWIP).$$$$ && mkdir -p $(LWIP).$$$$ && \
	tar -xJf "$$archive" --strip-components=1 -C $(LWIP).$$$$ && touch $(LWIP).$$$$/$(@F) && \
	rm -rf $(LWIP) && { mv -T $(LWIP).$$$$ $(LWIP) 2>/dev/null || rm -rf $(LWIP).$$$$; }

$(LWIP_OBJECTS): $(BUILD)/lwip/%.o: $(LWIP_STAMP) $(RECIPE)
	$(call say,CC3,$(LWIP)/src/$*)
	@mkdir -p $(@D)
	$(QUIET)$(CC) -MD -MP -MF $(@:.o=.d) -c -o $@ $(LWIP)/src/$* $(LWIP_FLAGS)
