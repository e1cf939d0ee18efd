# Services as files of the kernel: kernel/services, compiled as Core is, and seeing what Core sees.
# Part of rules.mk, for a phase that has no directory of services beside its kernel.

SERVICES := $(addprefix services/,$(call sources_below,$(KERNEL)/services))
RING_2 := $(SERVICES:%=$(KERNEL)/%)
SERVICE_OBJECTS := $(SERVICES:%=$(BUILD)/kernel/%.o)
COMPILED := $(SERVICE_OBJECTS) $(THIRD_PARTY_OBJECTS)
LINKED := $(COMPILED)
CHECK_KERNEL := :

SERVICE_FLAGS := $(KERNEL_FLAGS) -I$(KERNEL)/services $(THIRD_PARTY_INCLUDES)

$(SERVICE_OBJECTS): $(BUILD)/kernel/%.o: $(KERNEL)/% $(RECIPE) | $(UAPI_STAMP) $(THIRD_PARTY_STAMPS)
	$(call say,CC2,$<)
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) $(SERVICE_FLAGS)

# For the ring check: there are no modules.
modules: ; @:
flags-service: ; @echo $(SERVICE_FLAGS)
.PHONY: modules flags-service
