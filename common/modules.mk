# Services as modules: how a phase's services/<name>/ becomes services/<name>.o, one object that is
# linked into the kernel.  Part of rules.mk, for a phase that has a directory of services.
#
#   LIBRARIES_<name> := tree    which directories of libs/ are linked into a service
#   PLATFORM_<name> := dma.h    which headers of the platform it may see besides PLATFORM_OFFERS

MODULES := $(patsubst services/%/,%,$(sort $(wildcard services/*/)))
LIBRARIES := $(patsubst libs/%/,%,$(sort $(wildcard libs/*/)))
SERVICES := $(call sources_below,services)
LIBS_SOURCES := $(call sources_below,libs)
RING_2 := $(SERVICES:%=services/%) $(LIBS_SOURCES:%=libs/%)

SERVICE_OBJECTS := $(SERVICES:%=$(BUILD)/services/%.o)
LIBS_OBJECTS := $(LIBS_SOURCES:%=$(BUILD)/libs/%.o)
MODULE_OBJECTS := $(MODULES:%=$(BUILD)/services/%.o)
COMPILED := $(SERVICE_OBJECTS) $(LIBS_OBJECTS) $(THIRD_PARTY_OBJECTS)
LINKED := $(MODULE_OBJECTS)

# What every service may see of the platform: memory of its own, the time, the log.
PLATFORM_OFFERS := clock.h heap.h log.h memory.h page.h

# A service sees the vocabulary, the libraries, what the platform offers, and its own directory.
KERNEL_FLAGS += -Ilibs/vfs
MODULE_FLAGS := $(CFLAGS) $(FENCE) $(SYSTEM_INCLUDES) -Ilibs/vfs -Ilibs $(PLATFORM_INCLUDES) \
    $(LIB_INCLUDES)
service_flags = $(MODULE_FLAGS) $(THIRD_PARTY_INCLUDES_$(1))
SERVICE_FLAGS = $(foreach name,$(MODULES),$(call service_flags,$(name)))
# The service that a file below services/ belongs to.
service_of = $(firstword $(subst /, ,$(1)))

# What counts what it runs calls more than there is in its walls: a build for coverage has none.
WALLS := $(ROOT)/tools/walls.py
check_walls = $(if $(COVERAGE),:,$(PYTHON) $(WALLS)) $(1)
# The sources below a directory that have been compiled since the module was linked.
compiled_below = $(patsubst $(BUILD)/%.o,%,$(filter $(BUILD)/$(1)/%.c.o,$?))
check_sources = $(if $(call compiled_below,$(1)),$(call check_walls,source $(call compiled_below,$(1)) -- $(2)))

$(SERVICE_OBJECTS): $(BUILD)/services/%.o: services/% $(RECIPE) | $(UAPI_STAMP) $(THIRD_PARTY_STAMPS)
	$(call say,CC2,$<)
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) $(call service_flags,$(call service_of,$*)) || \
	    { $(call check_walls,refused $< -- $(call service_flags,$(call service_of,$*))); exit 1; }

$(LIBS_OBJECTS): $(BUILD)/libs/%.o: libs/% $(RECIPE) | $(UAPI_STAMP)
	$(call say,CC2,$<)
	@mkdir -p $(@D)
	$(QUIET)$(COMPILE) $(MODULE_FLAGS) || { $(call check_walls,refused $< -- $(MODULE_FLAGS)); exit 1; }

# Of a library, a module takes the files that it needs.
$(BUILD)/libs/%.a: $(LIBS_OBJECTS) $(OBJECT_LIST)
	@rm -f $@
	$(QUIET)$(call check_sources,libs/$*,$(MODULE_FLAGS))
	$(QUIET)$(AR) rcsD $@ $(filter $(BUILD)/libs/$*/%.o,$(LIBS_OBJECTS))

# The objects that a module is linked from.
parts_of = $(filter $(BUILD)/services/$(1)/%.o,$(SERVICE_OBJECTS)) $(THIRD_PARTY_OBJECTS_$(1)) \
    $(LIBRARIES_$(1):%=$(BUILD)/libs/%.a)
# For the list of objects: a module that is linked from other parts than before is linked again.
PARTS = $(foreach name,$(MODULES),$(name): $(call parts_of,$(name)))

# Linked, held against its walls, and then left with the descriptor as its only global symbol.
CHECK_MODULE = $(call check_walls,module services/$* $(BUILD)/services/$*.whole.o $(call parts_of,$*))
CHECK_KERNEL = $(call check_walls,kernel $@ $(BUILD)/kernel/main.c.o $(MODULES:%=services/%))

.SECONDEXPANSION:
$(MODULE_OBJECTS): $(BUILD)/services/%.o: $$(call parts_of,$$*) services/%/imports $(OBJECT_LIST) $(WALLS)
	$(call say,LDM,$@)
	$(QUIET)$(LD) -r -o $(BUILD)/services/$*.whole.o --start-group $(call parts_of,$*) --end-group
	$(QUIET)$(call check_sources,services/$*,$(call service_flags,$*))
	$(QUIET)$(CHECK_MODULE)
	$(QUIET)$(OBJCOPY) --keep-global-symbol=$*_service $(BUILD)/services/$*.whole.o $@

# Nothing makes a list of imports: a module without one is not linked.
$(MODULES:%=services/%/imports):
	@echo "$(notdir $(CURDIR))/$@ is missing: it lists the functions that the service calls" >&2; exit 2

# One line a module for the ring check, "directory;libraries;platform headers;flags".
modules:
	@$(foreach name,$(MODULES),echo 'services/$(name);$(LIBRARIES_$(name));\
	$(PLATFORM_OFFERS) $(PLATFORM_$(name));$(call service_flags,$(name))';) \
	$(foreach name,$(LIBRARIES),echo 'libs/$(name);;\
	$(PLATFORM_OFFERS) $(PLATFORM_$(name));$(MODULE_FLAGS)';) :
flags-service: ; @echo $(MODULE_FLAGS)
.PHONY: modules flags-service
