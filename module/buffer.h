/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that messages are encrypted and decrypted into.
 *
 * Each CPU fills one block of pages after another and hands out references to
 * parts of it. A block that nobody else refers to any more is filled again, so
 * that a busy CPU asks the page allocator, which clears what it gives, for
 * nothing.
 */
#ifndef _NYM_BUFFER_H
#define _NYM_BUFFER_H

#include <linux/mm_types.h>
#include <linux/types.h>

/* Bytes of a block. What does not fit does not go through here. */
#define NYM_BUFFER_ORDER	3
#define NYM_BUFFER_SIZE		(PAGE_SIZE << NYM_BUFFER_ORDER)

/**
 * struct nym_room - the free part of this CPU's block
 * @page:	head of the block; who keeps a part of it takes a reference
 * @offset:	of the free part in the block
 * @len:	its bytes
 * @at:		where it is mapped
 */
struct nym_room {
	struct page *page;
	unsigned int offset;
	unsigned int len;
	void *at;
};

/* This CPU's buffer is the caller's until nym_buffer_unlock(). Context: BH disabled. */
void nym_buffer_lock(void);
void nym_buffer_unlock(void);

/**
 * nym_buffer_room() - find room
 * @least:	bytes wanted in one piece
 * @room:	filled
 *
 * The room is the caller's until it unlocks the buffer; of it stays taken what
 * nym_buffer_commit() says. Context: the buffer is locked. Return: false where memory
 * runs out, or @least is more than NYM_BUFFER_SIZE.
 */
bool nym_buffer_room(unsigned int least, struct nym_room *room);

/* Takes the first @len bytes of the room that was found last, since the buffer was
 * locked.
 */
void nym_buffer_commit(unsigned int len);

/* Gives up all blocks. Context: nothing uses the buffers any more. */
void nym_buffer_uninit(void);

#endif /* _NYM_BUFFER_H */
