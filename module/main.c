// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading of the module. */
#include "aead.h"
#include "allowedips.h"
#include "buffer.h"
#include "decrypt.h"
#include "device.h"
#include "fragment.h"
#include "netlink.h"
#include "noise.h"
#include "peer.h"
#include <linux/init.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>
#include <uapi/linux/nym.h>

static int __init nym_init(void)
{
	int ret;

	nym_aead_init();

	ret = nym_noise_init();
	if (ret < 0)
		return ret;

	ret = nym_allowedips_slab_init();
	if (ret < 0)
		goto err_noise;

	ret = nym_peer_slab_init();
	if (ret < 0)
		goto err_allowedips;

	ret = nym_decrypt_init();
	if (ret < 0)
		goto err_peer;

	ret = nym_fragment_init();
	if (ret < 0)
		goto err_decrypt;

	ret = nym_device_init();
	if (ret < 0)
		goto err_fragment;

	/* Last, as it lets user space in: a device can be made before, but not
	 * configured.
	 */
	ret = nym_genl_init();
	if (ret < 0)
		goto err_device;

	return 0;

err_device:
	nym_device_uninit();
err_fragment:
	nym_fragment_uninit();
err_decrypt:
	nym_decrypt_uninit();
err_peer:
	nym_peer_slab_uninit();
err_allowedips:
	nym_allowedips_slab_uninit();
err_noise:
	nym_noise_uninit();
	return ret;
}

static void __exit nym_exit(void)
{
	nym_genl_uninit();
	nym_device_uninit();
	nym_fragment_uninit();
	nym_decrypt_uninit();
	nym_buffer_uninit();
	nym_peer_slab_uninit();
	nym_allowedips_slab_uninit();
	nym_noise_uninit();
}

module_init(nym_init);
module_exit(nym_exit);
MODULE_DESCRIPTION("Nested WireGuard tunnels");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK(KBUILD_MODNAME);
MODULE_ALIAS_GENL_FAMILY(NYM_GENL_NAME);
