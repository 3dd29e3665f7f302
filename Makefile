# SPDX-License-Identifier: GPL-2.0
# What a person types.  Kbuild, also in this folder, is what a kernel's own
# build reads.

MAKEFLAGS += --no-print-directory

KERNELRELEASE_HERE := $(shell uname -r)
KDIR ?= /lib/modules/$(KERNELRELEASE_HERE)/build
PREFIX ?= /usr
DESTDIR ?=

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"$$/\1/p' dkms.conf)
DKMS_SOURCE := $(DESTDIR)/usr/src/nym-$(VERSION)

all: tools
	@if [ -e "$(KDIR)/Makefile" ]; then $(MAKE) module; else \
	 echo "  SKIP      module: no headers of this kernel (apt-get install linux-headers-$(KERNELRELEASE_HERE), or KDIR=TREE)"; fi

help:
	@echo 'make [all]             build the tools, and the module for this kernel'
	@echo 'make module [KDIR=TREE]  build the module for the kernel of a build tree'
	@echo 'make tools             build nymctl and what else is under tools/'
	@echo 'make demo [GATEWAYS=nym]  show a two-hop path in a throw-away guest'
	@echo 'make check [TESTS="..."]  run all tests, or some:'
	@echo '                       suites (tools, kunit, net ...), programs'
	@echo '                       (net/NAME.sh), either in one guest (net@6.12)'
	@echo 'make check-matrix      more cases of networks and interoperation, in'
	@echo '                       all guests'
	@echo 'make soak [DURATION=SECONDS]  hours of traffic in a debug guest'
	@echo 'make bench             measure beside in-tree WireGuard, in guests; some of it:'
	@echo '                       GUEST= CASES= MEASURES= REPEAT= DURATION= (seconds)'
	@echo '                       HOST=1 (this machine), PROFILE=1, SCALE=1,'
	@echo '                       NETWORK=chain or internet, OUT=FOLDER'
	@echo 'make check-debug       all tests in kernels that look for bugs, and'
	@echo '                       stress; STRESS_ROUNDS=, STRESS_SEED='
	@echo 'make fuzz              fuzz the parsers of the tools, each for FUZZ_SECONDS'
	@echo 'make check-arm64, check-s390x [TESTS="..."]'
	@echo '                       suites or programs in an emulated guest'
	@echo 'make deb               build Debian packages, in build/deb'
	@echo 'make check-packages, check-secure-boot, check-openwrt'
	@echo '                       the Debian packages in a fresh Debian 12, a'
	@echo '                       signed module under Secure Boot, the rules of'
	@echo '                       the OpenWrt packages'
	@echo 'make cross             build and check the module for these two'
	@echo 'make lint              check the sources'
	@echo 'make format            lay out the tools sources as lint wants them'
	@echo 'make guests            have the guests kernels in the cache'
	@echo 'make install           module by DKMS, tools, manuals, units (as root;'
	@echo '                       PREFIX=, DESTDIR=)'
	@echo 'make uninstall         undo that'
	@echo 'make clean, distclean  remove what was built; the cache as well'

module:
	@[ -e "$(KDIR)/Makefile" ] || { \
	 echo "$(KDIR) is no kernel build tree: apt-get install linux-headers-$(KERNELRELEASE_HERE), or name one by KDIR=" >&2; \
	 exit 1; }
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)/module" modules

tools: packages-tools
	@if [ -e tools/Makefile ]; then $(MAKE) -C tools; fi

packages-%:
	@selftests/have-packages $*

guests: packages-guests
	@for guest in 6.1 6.12 7.2; do \
		selftests/guests/kernel $$guest >/dev/null || exit 1; done

demo: packages-module packages-guests packages-tests tools
	@selftests/demo/run $(if $(GATEWAYS),--gateways $(GATEWAYS))

demo-tickets bench-tickets: packages-tickets
	@$(MAKE) -C tools/lib/zknym $(@:-tickets=)

check: packages-module packages-guests packages-tests packages-tickets packages-install tools guests
	@selftests/check $(if $(JOBS),--jobs $(JOBS)) $(if $(CPUS),--cpus $(CPUS)) $(TESTS)

fuzz: packages-tools packages-fuzz
	@$(MAKE) -C tools fuzz $(if $(FUZZ_SECONDS),FUZZ_SECONDS=$(FUZZ_SECONDS))

check-matrix: packages-module packages-guests packages-tests tools guests
	@MATRIX=1 selftests/check $(if $(JOBS),--jobs $(JOBS)) $(TESTS)

soak: packages-module packages-guests packages-tests tools
	@DURATION=$(or $(DURATION),7200) selftests/check soak@7.2-kasan

bench: packages-module packages-tests packages-bench tools $(if $(HOST),,packages-guests)
	@selftests/bench/run $(if $(HOST),--host) $(if $(PROFILE),--profile) $(if $(SCALE),--scale) \
		$(if $(GUEST),--guest "$(GUEST)") $(if $(CASES),--cases "$(CASES)") \
		$(if $(MEASURES),--measures "$(MEASURES)") \
		$(if $(NETWORK),--network $(NETWORK)) $(if $(REPEAT),--repeat $(REPEAT)) \
		$(if $(PEERS),--peers $(PEERS)) $(if $(NESTED),--nested $(NESTED)) \
		$(if $(DURATION),--duration $(DURATION)) $(if $(OUT),--out "$(OUT)")

check-debug: export STRESS_ROUNDS ?= 3
check-debug: packages-module packages-guests packages-tests tools
	@selftests/check --debug --jobs $(or $(JOBS),$(shell nproc)) $(if $(CPUS),--cpus $(CPUS)) $(TESTS)

deb: packages-tools packages-deb
	@packaging/build-deb

# The packages in a fresh Debian 12, a module under Secure Boot, OpenWrt's rules.
check-packages: packages-tools packages-deb
check-secure-boot: packages-secure-boot
check-openwrt: packages-tools
check-packages check-secure-boot check-openwrt: packages-module \
		packages-guests packages-tests packages-install guests
	@selftests/check $(@:check-%=%)

# Whole suites in emulated guests of another architecture.
check-arm64: GUEST := 6.12-arm64
check-s390x: GUEST := 6.1-s390x
check-arm64 check-s390x: packages-module packages-cross packages-guests packages-foreign
	@selftests/check $(if $(JOBS),--jobs $(JOBS)) $(if $(CPUS),--cpus $(CPUS)) \
		$(addsuffix @$(GUEST),$(or $(TESTS),net))

# The module for other processors, one of them big-endian.
cross: packages-module packages-cross packages-lint
	@for guest in 6.12-arm64 6.1-s390x; do \
		selftests/guests/kernel $$guest >/dev/null && \
		selftests/guests/build-module $$guest || exit 1; done
	@selftests/lint cross

lint: packages-lint packages-module packages-tools guests
	@selftests/lint

format:
	@selftests/lint --format

install: tools install-module install-tools

install-tools:
	@if [ -e tools/Makefile ]; then \
	 $(MAKE) -C tools install DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)"; fi

install-module:
	install -d "$(DKMS_SOURCE)"
	install -m 644 Kbuild dkms.conf LICENSE "$(DKMS_SOURCE)"
	cd module && find . -type f \( -name '*.[chS]' -o -name '*.sh' -o \
		-name 'Kbuild*' \) ! -name '*.mod.c' ! -name compat-probed.h \
		-exec install -D -m 644 '{}' "$(DKMS_SOURCE)/module/{}" \;
ifeq ($(DESTDIR),)
	@command -v dkms >/dev/null || { \
	 echo "no dkms here: apt-get install dkms linux-headers-$(KERNELRELEASE_HERE)" >&2; exit 1; }
	@command -v openssl >/dev/null || \
	 echo "no openssl here: DKMS will not sign the module, and Secure Boot not load it" >&2
	if dkms status nym/$(VERSION) | grep -q .; then \
		dkms remove nym/$(VERSION) --all; fi
	dkms add nym/$(VERSION)
	@for build in /lib/modules/*/build; do \
		[ -e "$$build/Makefile" ] || continue; \
		release=$${build%/build}; \
		dkms install nym/$(VERSION) -k "$${release##*/}" || exit 1; \
	done
endif

uninstall: uninstall-module uninstall-tools

uninstall-module:
ifeq ($(DESTDIR),)
	if dkms status nym/$(VERSION) 2>/dev/null | grep -q .; then \
		dkms remove nym/$(VERSION) --all; fi
endif
	rm -rf "$(DKMS_SOURCE)"

uninstall-tools:
	@if [ -e tools/Makefile ]; then \
	 $(MAKE) -C tools uninstall DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)"; fi

clean:
	rm -rf build
	@if [ -e tools/Makefile ]; then $(MAKE) -C tools clean; fi
	@find module -name '*.ko' -o -name '*.o' -o -name '*.mod' -o \
		-name '*.mod.c' -o -name '.*.cmd' -o -name modules.order -o \
		-name Module.symvers -o -name compat-probed.h | xargs -r rm -f

distclean: clean
	rm -rf "$${NYM_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/nym}"

.PHONY: all help module tools guests demo demo-tickets bench bench-tickets \
	check check-debug check-matrix check-arm64 check-s390x \
	check-packages check-secure-boot check-openwrt cross deb fuzz soak \
	lint format install install-tools install-module uninstall \
	uninstall-module uninstall-tools clean distclean
