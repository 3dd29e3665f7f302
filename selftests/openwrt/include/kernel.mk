# SPDX-License-Identifier: GPL-2.0
# Of this, ../rules.mk has what is needed.
