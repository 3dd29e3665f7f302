// SPDX-License-Identifier: GPL-2.0
/* Memory that messages are encrypted and decrypted into. */
#include "buffer.h"
#include <linux/align.h>
#include <linux/cache.h>
#include <linux/gfp.h>
#include <linux/local_lock.h>
#include <linux/mm.h>
#include <linux/percpu.h>

/* Blocks that a CPU goes round. */
#define NYM_BUFFER_BLOCKS	32

/* A block that is in use this many times in a row, when its turn comes, is held by
 * something slow, and replaced.
 */
#define NYM_BUFFER_PATIENCE	8

/**
 * struct nym_buffer - a CPU's blocks
 * @lock:	guards the rest, on real-time kernels: elsewhere BH disabled does
 * @block:	blocks to be used again, with a reference each; or NULL
 * @busy:	how many times in a row each was found in use
 * @next:	index of the one to try next
 * @page:	block being filled, with a reference; or NULL
 * @used:	bytes taken of it
 */
struct nym_buffer {
	local_lock_t lock;	/* all else */
	struct page *block[NYM_BUFFER_BLOCKS];
	u8 busy[NYM_BUFFER_BLOCKS];
	unsigned int next;
	struct page *page;
	unsigned int used;
};

static DEFINE_PER_CPU(struct nym_buffer, buffers) = {
	.lock = INIT_LOCAL_LOCK(lock),
};

void nym_buffer_lock(void)
{
	local_lock_nested_bh(&buffers.lock);
}

void nym_buffer_unlock(void)
{
	local_unlock_nested_bh(&buffers.lock);
}

/* Whoever holds a part of a block may only drop it, or share it while holding it:
 * a block of which we have the only reference stays ours. The references of those
 * before were dropped with a full barrier, after their last look at it.
 */
static bool is_ours_alone(struct page *page)
{
	return page_ref_count(page) == 1;
}

/* A block with a reference for the caller, or NULL. */
static struct page *take_block(struct nym_buffer *buffer)
{
	unsigned int turn = buffer->next;
	struct page *page = buffer->block[turn];
	struct page *fresh;

	buffer->next = (turn + 1) % NYM_BUFFER_BLOCKS;
	if (page && is_ours_alone(page)) {
		buffer->busy[turn] = 0;
		get_page(page);
		return page;
	}
	fresh = alloc_pages(GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN |
				    __GFP_NORETRY | __GFP_NOMEMALLOC,
			    NYM_BUFFER_ORDER);
	if (!fresh)
		return NULL;
	if (!page || ++buffer->busy[turn] >= NYM_BUFFER_PATIENCE) {
		if (page)
			put_page(page);
		get_page(fresh);
		buffer->block[turn] = fresh;
		buffer->busy[turn] = 0;
	}
	return fresh;
}

bool nym_buffer_room(unsigned int least, struct nym_room *room)
{
	struct nym_buffer *buffer = this_cpu_ptr(&buffers);

	if (least > NYM_BUFFER_SIZE)
		return false;
	if (!buffer->page || NYM_BUFFER_SIZE - buffer->used < least) {
		struct page *page = take_block(buffer);

		if (!page)
			return false;
		if (buffer->page)
			put_page(buffer->page);
		buffer->page = page;
		buffer->used = 0;
	}
	room->page = buffer->page;
	room->offset = buffer->used;
	room->len = NYM_BUFFER_SIZE - buffer->used;
	room->at = page_address(buffer->page) + buffer->used;
	return true;
}

void nym_buffer_commit(unsigned int len)
{
	struct nym_buffer *buffer = this_cpu_ptr(&buffers);

	buffer->used = min_t(unsigned int, NYM_BUFFER_SIZE,
			     ALIGN(buffer->used + len, SMP_CACHE_BYTES));
}

void nym_buffer_uninit(void)
{
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct nym_buffer *buffer = per_cpu_ptr(&buffers, cpu);

		for (i = 0; i < NYM_BUFFER_BLOCKS; ++i) {
			if (buffer->block[i])
				put_page(buffer->block[i]);
		}
		if (buffer->page)
			put_page(buffer->page);
	}
}
