/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trains on their way through encryption or decryption.
 *
 * A train is the unit of all work: packets that share a peer and its keys, from
 * one GSO packet up. It enters its peer's pipeline, which keeps order, is
 * worked on inline where that peer is idle or by a worker of any CPU where it is
 * busy, and leaves at the pipeline's head once it and all before it are done: on one
 * CPU as long as the pipeline is not empty, as what leaves in order may be put into
 * queues of the CPU that it leaves on.
 */
#ifndef _NYM_PIPELINE_H
#define _NYM_PIPELINE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct nym_device;
struct nym_train;

/**
 * struct nym_pipeline - trains of one peer in one direction, in order
 * @lock:	guards @memory, @trains, @length and @cpu; taken with BH disabled,
 *		innermost
 * @memory:	bytes that the trains take
 * @length:	how many trains
 * @cpu:	where they leave; it changes only while there are none
 * @state:	whether it is on the list of @departure, and whether a context takes
 *		done trains off the head, which one at a time does
 * @trains:	of struct nym_train.order
 * @on_done:	told that the head may be done. On @cpu, unless that one is offline or
 *		changed since the worker was called; BH disabled, RCU read section
 * @departure:	link in struct nym_crypt.departures
 */
struct nym_pipeline {
	spinlock_t lock;	/* memory, trains, length, cpu */
	unsigned int memory;
	u16 length;
	u16 cpu;
	atomic_t state;
	struct list_head trains;
	void (*on_done)(struct nym_pipeline *pipeline);
	struct list_head departure;
};

/* What is more is refused: so many trains, and so much memory, but no more than this
 * part of all there is. The memory is what the socket that it comes from may take.
 */
#define NYM_MAX_PIPELINE	1024
#define NYM_MAX_PIPELINE_MEMORY	(16 << 20)
#define NYM_PIPELINE_PART	64

/* Messages in a train: what one GSO packet of the kernel's may hold. */
#define NYM_TRAIN_MESSAGES	64

/* A train takes packets or messages until it has this many bytes. */
#define NYM_TRAIN_BYTES		(64 * 1024)

/**
 * struct nym_train - what all trains have; part of a transmit or receive train
 * @order:	link in the pipeline
 * @work:	link in a CPU's queue
 * @memory:	bytes that it takes; 0 where they are bounded elsewhere
 * @done:	set with release order once the work is finished
 * @process:	does the work; BH disabled; must end in nym_pipeline_done().
 *		Called on whichever CPU
 */
struct nym_train {
	struct list_head order;
	struct list_head work;
	unsigned int memory;
	bool done;
	void (*process)(struct nym_train *train);
};

/**
 * struct nym_crypt - a CPU's queue of trains to work on
 * @lock:	guards @trains and @departures; BH disabled
 * @trains:	of struct nym_train.work
 * @departures:	pipelines whose trains are to leave here
 * @work:	drains it, bound to the CPU, and helps the others then
 * @all:	the queues of all CPUs
 */
struct nym_crypt {
	spinlock_t lock;	/* trains, departures */
	struct list_head trains;
	struct list_head departures;
	struct work_struct work;
	struct nym_crypt __percpu *all;
};

/* Return: per-CPU queues, or NULL. */
struct nym_crypt __percpu *nym_crypt_alloc(void);

/**
 * nym_crypt_flush() - wait until the work of queued trains is done
 * @wq:	the workqueue that all trains of the queues were queued on
 *
 * Of those queued before the call; they have left their pipelines then, but for
 * received ones, which wait for NAPI. Context: process.
 */
void nym_crypt_flush(struct workqueue_struct *wq);

/* Context: nothing is queued and the workqueue is gone. */
void nym_crypt_free(struct nym_crypt __percpu *crypt);

void nym_pipeline_init(struct nym_pipeline *pipeline,
		       void (*on_done)(struct nym_pipeline *pipeline));

/**
 * nym_pipeline_enter() - give a train its place in the order
 * @pipeline:	of the train's peer and direction
 * @train:	with its process and memory set
 *
 * Context: BH disabled, and left so until nym_pipeline_work() was called. Return: 1
 * where it is the only one now, 0 where others are before it, -ENOBUFS where the
 * pipeline is full (the train is not in it).
 */
int nym_pipeline_enter(struct nym_pipeline *pipeline, struct nym_train *train);

/**
 * nym_pipeline_work() - have a train's work done
 * @device:	whose workers
 * @train:	in its pipeline
 * @is_only:	what nym_pipeline_enter() returned
 * @bytes:	of its messages
 *
 * Done here and now where that is sooner: with one CPU, and for a short train of
 * an idle peer, for which waking a worker takes longer than the work. Context: BH
 * disabled.
 */
void nym_pipeline_work(struct nym_device *device, struct nym_train *train,
		       bool is_only, unsigned int bytes);

/**
 * nym_pipeline_done() - end the work on a train
 * @device:	whose workers
 * @pipeline:	that the train is in
 * @train:	it belongs to whoever has it leave from then on
 *
 * The pipeline is told: at once where its trains leave on this CPU, otherwise, if the
 * head is done now, by the worker of the one where they do. The last train
 * may have held the last reference to the peer. Context: BH disabled, RCU read
 * section.
 */
void nym_pipeline_done(struct nym_device *device, struct nym_pipeline *pipeline,
		       struct nym_train *train);

/**
 * nym_pipeline_pop() - take the head if it is done
 * @pipeline:	any
 *
 * Context: one drainer at a time (NAPI, or nym_pipeline_drain()). Return: the
 * train, or NULL.
 */
struct nym_train *nym_pipeline_pop(struct nym_pipeline *pipeline);

/**
 * nym_pipeline_drain() - let all done trains at the head leave
 * @pipeline:	any
 * @leave:	takes each; in order, never two at a time
 *
 * Where another context drains already, that one sees what is done. Context: BH
 * disabled, RCU read section.
 */
void nym_pipeline_drain(struct nym_pipeline *pipeline,
			void (*leave)(struct nym_train *train));

#endif /* _NYM_PIPELINE_H */
