// SPDX-License-Identifier: GPL-2.0
/* Trains on their way through encryption or decryption. */
#include "pipeline.h"
#include "device.h"
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

/* Bits of struct nym_pipeline.state. */
#define NYM_PIPELINE_DRAINING	BIT(0)
#define NYM_PIPELINE_DEPARTS	BIT(1)

static_assert(NYM_MAX_PIPELINE <= U16_MAX && CONFIG_NR_CPUS <= U16_MAX);

/* Fully ordered, also where it was set. Return: whether it was. */
static bool test_and_set_state(struct nym_pipeline *pipeline, int bit)
{
	return atomic_fetch_or(bit, &pipeline->state) & bit;
}

static void clear_state_release(struct nym_pipeline *pipeline, int bit)
{
	(void)atomic_fetch_andnot_release(bit, &pipeline->state);
}

/* Two or three full packets: about what waking a worker costs. */
#define NYM_INLINE_BYTES	4096

/* Takes the oldest train off a CPU's queue, or NULL. */
static struct nym_train *dequeue(struct nym_crypt *crypt)
{
	struct nym_train *train;

	spin_lock_bh(&crypt->lock);
	train = list_first_entry_or_null(&crypt->trains, struct nym_train, work);
	if (train)
		list_del(&train->work);
	spin_unlock_bh(&crypt->lock);
	return train;
}

/* Takes a train over from another CPU, which may be busy with softirqs or
 * programs: those behind it in its pipeline would wait as long.
 */
static struct nym_train *take_over(struct nym_crypt *crypt)
{
	struct nym_train *train;
	int cpu;

	for_each_cpu_wrap(cpu, cpu_online_mask, raw_smp_processor_id() + 1) {
		struct nym_crypt *other = per_cpu_ptr(crypt->all, cpu);

		/* Looked at without the lock, which spares most of them: what is
		 * queued now has its own worker woken.
		 */
		if (other == crypt || list_empty(&other->trains))
			continue;
		train = dequeue(other);
		if (train)
			return train;
	}
	return NULL;
}

/* Tells a pipeline whose trains leave on this CPU that its head is done. Return:
 * false where there was none.
 */
static bool tell_one(struct nym_crypt *crypt)
{
	struct nym_pipeline *pipeline;

	/* Keeps the pipeline's peer, see nym_pipeline_done(). */
	rcu_read_lock();
	spin_lock_bh(&crypt->lock);
	pipeline = list_first_entry_or_null(&crypt->departures,
					    struct nym_pipeline, departure);
	if (pipeline)
		list_del(&pipeline->departure);
	spin_unlock_bh(&crypt->lock);
	if (pipeline) {
		/* Released: who finds it clear may put the link into another CPU's
		 * list, under another lock, and must find it taken off ours.
		 */
		clear_state_release(pipeline, NYM_PIPELINE_DEPARTS);
		/* Pairs with the full barrier in tell_elsewhere(): who still saw
		 * the bit set did its train before we look for done ones.
		 */
		smp_mb__after_atomic();
		local_bh_disable();
		pipeline->on_done(pipeline);
		local_bh_enable();
	}
	rcu_read_unlock();
	return pipeline;
}

/* Works on the trains of one CPU, and then on those that others have not come to.
 * BH is off for one train at a time, so that the CPU's own softirqs wait for no
 * more than that. What is done leaves before more is begun.
 */
static void crypt_work(struct work_struct *work)
{
	struct nym_crypt *crypt = container_of(work, struct nym_crypt, work);
	struct nym_train *train;

	for (;;) {
		while (tell_one(crypt))
			cond_resched();
		train = dequeue(crypt) ?: take_over(crypt);
		if (!train)
			break;
		local_bh_disable();
		train->process(train);
		local_bh_enable();
		cond_resched();
	}
}

struct nym_crypt __percpu *nym_crypt_alloc(void)
{
	struct nym_crypt __percpu *crypts = alloc_percpu(struct nym_crypt);
	int cpu;

	if (!crypts)
		return NULL;
	for_each_possible_cpu(cpu) {
		struct nym_crypt *crypt = per_cpu_ptr(crypts, cpu);

		spin_lock_init(&crypt->lock);
		INIT_LIST_HEAD(&crypt->trains);
		INIT_LIST_HEAD(&crypt->departures);
		INIT_WORK(&crypt->work, crypt_work);
		crypt->all = crypts;
	}
	return crypts;
}

void nym_crypt_flush(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	/* All trains are off the queues now. One may have been taken over by a
	 * worker that began too late to be waited for above.
	 */
	flush_workqueue(wq);
	/* All are done now. Some may have been about to leave by a worker that
	 * was woken too late.
	 */
	flush_workqueue(wq);
}

void nym_crypt_free(struct nym_crypt __percpu *crypts)
{
	free_percpu(crypts);
}

void nym_pipeline_init(struct nym_pipeline *pipeline,
		       void (*on_done)(struct nym_pipeline *pipeline))
{
	spin_lock_init(&pipeline->lock);
	INIT_LIST_HEAD(&pipeline->trains);
	pipeline->memory = 0;
	pipeline->length = 0;
	pipeline->on_done = on_done;
	atomic_set(&pipeline->state, 0);
}

/* A single train finds room in any pipeline. */
static bool has_room(const struct nym_pipeline *pipeline,
		     const struct nym_train *train)
{
	u64 limit = min_t(u64, NYM_MAX_PIPELINE_MEMORY,
			  (u64)totalram_pages() * PAGE_SIZE / NYM_PIPELINE_PART);

	return !pipeline->length ||
	       (pipeline->length < NYM_MAX_PIPELINE &&
		pipeline->memory + train->memory <= limit);
}

int nym_pipeline_enter(struct nym_pipeline *pipeline, struct nym_train *train)
{
	int ret = -ENOBUFS;

	train->done = false;
	spin_lock_bh(&pipeline->lock);
	if (has_room(pipeline, train)) {
		ret = !pipeline->length;
		if (ret)
			WRITE_ONCE(pipeline->cpu, smp_processor_id());
		list_add_tail(&train->order, &pipeline->trains);
		pipeline->memory += train->memory;
		WRITE_ONCE(pipeline->length, pipeline->length + 1);
	}
	spin_unlock_bh(&pipeline->lock);
	return ret;
}

/* Trains go round the online CPUs. The position is each submitter's own, as a
 * shared one would be a cache line that every train writes. On s390 and alpha
 * such a variable is global whatever it is declared as, so its name is whole.
 */
static DEFINE_PER_CPU(int, nym_last_cpu) = -1;

static int next_cpu(void)
{
	int cpu = cpumask_next(this_cpu_read(nym_last_cpu), cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	this_cpu_write(nym_last_cpu, cpu);
	return cpu;
}

void nym_pipeline_work(struct nym_device *device, struct nym_train *train,
		       bool is_only, unsigned int bytes)
{
	struct nym_crypt *crypt;
	int cpu;

	if (num_online_cpus() == 1 || (is_only && bytes <= NYM_INLINE_BYTES)) {
		train->process(train);
		return;
	}
	cpu = next_cpu();
	crypt = per_cpu_ptr(device->crypt, cpu);
	spin_lock_bh(&crypt->lock);
	list_add_tail(&train->work, &crypt->trains);
	spin_unlock_bh(&crypt->lock);
	queue_work_on(cpu, device->crypt_wq, &crypt->work);
}

static bool head_is_done(struct nym_pipeline *pipeline)
{
	struct nym_train *head = list_first_entry_or_null(&pipeline->trains,
							  struct nym_train, order);

	lockdep_assert_held(&pipeline->lock);
	return head && smp_load_acquire(&head->done); /* nym_pipeline_done() */
}

/* Of two trains done at once on two CPUs, the one whose look comes second to the lock
 * sees both done.
 */
static bool is_ready(struct nym_pipeline *pipeline)
{
	bool ready;

	/* Without the lock where there is nothing: who adds a train sees to it. */
	if (!READ_ONCE(pipeline->length))
		return false;
	spin_lock_bh(&pipeline->lock);
	ready = head_is_done(pipeline);
	spin_unlock_bh(&pipeline->lock);
	return ready;
}

/* Has the worker of a CPU tell the pipeline that its head is done. */
static void tell_elsewhere(struct nym_device *device, struct nym_pipeline *pipeline,
			   int cpu)
{
	struct nym_crypt *crypt = per_cpu_ptr(device->crypt, cpu);

	/* A full barrier also where the bit was set: tell_one() sees our train
	 * done when it has cleared the bit.
	 */
	if (test_and_set_state(pipeline, NYM_PIPELINE_DEPARTS))
		return;
	spin_lock_bh(&crypt->lock);
	list_add_tail(&pipeline->departure, &crypt->departures);
	spin_unlock_bh(&crypt->lock);
	queue_work_on(cpu, device->crypt_wq, &crypt->work);
}

void nym_pipeline_done(struct nym_device *device, struct nym_pipeline *pipeline,
		       struct nym_train *train)
{
	/* It does not change while our train is in there. */
	int cpu = READ_ONCE(pipeline->cpu);

	/* Pairs with the acquire in head_is_done(): who sees it done sees all that
	 * the work wrote.
	 */
	smp_store_release(&train->done, true);
	if (cpu == smp_processor_id() || !cpu_online(cpu))
		pipeline->on_done(pipeline);
	else if (is_ready(pipeline))
		tell_elsewhere(device, pipeline, cpu);
}

struct nym_train *nym_pipeline_pop(struct nym_pipeline *pipeline)
{
	struct nym_train *head = NULL;

	if (!READ_ONCE(pipeline->length))
		return NULL;
	spin_lock_bh(&pipeline->lock);
	if (head_is_done(pipeline)) {
		head = list_first_entry(&pipeline->trains, struct nym_train, order);
		list_del(&head->order);
		pipeline->memory -= head->memory;
		WRITE_ONCE(pipeline->length, pipeline->length - 1);
	}
	spin_unlock_bh(&pipeline->lock);
	return head;
}

void nym_pipeline_drain(struct nym_pipeline *pipeline,
			void (*leave)(struct nym_train *train))
{
	struct nym_train *train;

	do {
		/* A full barrier also where the bit was set: what the caller knows
		 * to be done is seen by the drainer's look after its clearing of
		 * it below.
		 */
		if (test_and_set_state(pipeline, NYM_PIPELINE_DRAINING))
			return;
		while ((train = nym_pipeline_pop(pipeline)))
			leave(train);
		clear_state_release(pipeline, NYM_PIPELINE_DRAINING);
		/* Orders the clearing before the look: a train that became done
		 * in between is either seen here, or its worker sees the bit
		 * clear and drains itself.
		 */
		smp_mb__after_atomic();
	} while (is_ready(pipeline));
}
