/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink family "nym": the only way in for configuration. */
#ifndef _NYM_NETLINK_H
#define _NYM_NETLINK_H

struct genl_family;
extern struct genl_family nym_genl_family;

int nym_genl_init(void);
void nym_genl_uninit(void);

#endif /* _NYM_NETLINK_H */
