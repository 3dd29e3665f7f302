# SPDX-License-Identifier: GPL-2.0
# What packaging/openwrt uses of OpenWrt's build system, for this machine's
# compiler and a kernel tree that run.sh names: packages are built and laid out
# by their own rules, but not wrapped up.

INSTALL_DIR := install -d -m0755
INSTALL_BIN := install -m0755

MAKE_VARS := CFLAGS="-Os -pipe" CPPFLAGS= LDFLAGS=
MAKE_FLAGS := CC=cc AR=ar
PKG_JOBS := -j2

KERNEL_MAKE = $(MAKE) -C $(LINUX_DIR)
AutoProbe = $(1)
PKG_BUILD_DIR = $(BUILD_DIR)/$(PKG_NAME)-$(PKG_VERSION)

prepare:
	$(Build/Prepare)

compile:
	$(Build/Compile)

# OpenWrt refuses packages without these.
required = $(foreach field,$(2),$(if $(findstring \
	$(field):=,$(value $(1))),,$(error $(1) has no $(field))))

define KernelPackage
$(call required,KernelPackage/$(1),SUBMENU TITLE DEPENDS FILES AUTOLOAD)
$(if $(KernelPackage/$(1)/description),,$(error kmod-$(1) is not described))
install-kmod-$(1): $(eval $(KernelPackage/$(1)))
	$(INSTALL_DIR) $(OUT)/lib/modules
	cp $(FILES) $(OUT)/lib/modules/
	echo $(AUTOLOAD) >$(OUT)/autoload
	echo $(DEPENDS) >$(OUT)/depends
endef

define BuildPackage
$(call required,Package/$(1),SECTION CATEGORY TITLE DEPENDS)
$(if $(Package/$(1)/description),,$(error $(1) is not described))
install-$(1):
	$$(call Package/$(1)/install,$(OUT))
endef
