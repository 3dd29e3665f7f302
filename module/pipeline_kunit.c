// SPDX-License-Identifier: GPL-2.0
/* Trains are worked on by any CPU, and leave in the order in which they came, on the
 * CPU on which they came.
 */
#include "device.h"
#include "pipeline.h"
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/processor.h>
#include <linux/slab.h>

#define TRAINS	32
/* How long a CPU is kept busy at most. Other CPUs have little to do meanwhile. */
#define PATIENCE (15 * HZ)

/**
 * struct yard - a pipeline and trains for it
 * @device:	whose workers work on them
 * @pipeline:	where they go
 * @trains:	in the order in which they enter
 * @left:	their numbers in the order in which they left
 * @cpus:	on which they left
 * @departures:	how many left
 * @worked_on:	how many were worked on
 * @was_helped:	all others were worked on while one kept its CPU busy
 */
struct yard {
	struct nym_device *device;
	struct nym_pipeline pipeline;
	struct numbered {
		struct nym_train train;
		struct yard *yard;
	} trains[TRAINS];
	unsigned int left[TRAINS];
	int cpus[TRAINS];
	unsigned int departures;
	atomic_t worked_on;
	bool was_helped;
};

static void leave(struct nym_train *train)
{
	struct numbered *numbered = container_of(train, struct numbered, train);
	struct yard *yard = numbered->yard;

	yard->cpus[yard->departures] = smp_processor_id();
	yard->left[yard->departures++] = numbered - yard->trains;
}

static void drain(struct nym_pipeline *pipeline)
{
	nym_pipeline_drain(pipeline, leave);
}

static void finish(struct nym_train *train)
{
	struct yard *yard = container_of(train, struct numbered, train)->yard;

	rcu_read_lock();
	nym_pipeline_done(yard->device, &yard->pipeline, train);
	rcu_read_unlock();
}

static struct yard *new_yard(struct kunit *test)
{
	struct yard *yard = kunit_kzalloc(test, sizeof(*yard), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, yard);
	nym_pipeline_init(&yard->pipeline, drain);
	for (i = 0; i < TRAINS; i++)
		yard->trains[i].yard = yard;
	return yard;
}

static void expect_order(struct kunit *test, const struct yard *yard)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, yard->departures, TRAINS);
	for (i = 0; i < TRAINS; i++)
		KUNIT_EXPECT_EQ(test, yard->left[i], i);
	KUNIT_EXPECT_EQ(test, yard->pipeline.length, 0);
}

static void order_is_kept(struct kunit *test)
{
	struct yard *yard = new_yard(test);
	unsigned int i;

	/* All on this CPU, where they leave at once. */
	local_bh_disable();
	for (i = 0; i < TRAINS; i++)
		KUNIT_EXPECT_EQ(test, !i,
				nym_pipeline_enter(&yard->pipeline,
						   &yard->trains[i].train));
	/* Each third, then those after these, then the first one of each three. */
	for (i = 2; i < TRAINS; i += 3)
		finish(&yard->trains[i].train);
	for (i = 1; i < TRAINS; i += 3)
		finish(&yard->trains[i].train);
	KUNIT_EXPECT_EQ(test, yard->departures, 0);
	for (i = 0; i < TRAINS; i += 3) {
		finish(&yard->trains[i].train);
		KUNIT_EXPECT_EQ(test, yard->departures, min(i + 3, TRAINS));
	}
	local_bh_enable();
	expect_order(test, yard);
}

static void none_leaves(struct nym_pipeline *pipeline)
{
}

static void full_pipeline(struct kunit *test)
{
	struct nym_train *trains = kunit_kcalloc(test, NYM_MAX_PIPELINE + 1,
						 sizeof(*trains), GFP_KERNEL);
	struct nym_pipeline pipeline;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, trains);
	nym_pipeline_init(&pipeline, none_leaves);
	local_bh_disable();
	for (i = 0; i < NYM_MAX_PIPELINE; i++)
		KUNIT_EXPECT_GE(test, nym_pipeline_enter(&pipeline, &trains[i]), 0);
	KUNIT_EXPECT_EQ(test, nym_pipeline_enter(&pipeline, &trains[i]), -ENOBUFS);
	KUNIT_EXPECT_NULL(test, nym_pipeline_pop(&pipeline));
	nym_pipeline_done(NULL, &pipeline, &trains[0]);
	KUNIT_EXPECT_PTR_EQ(test, nym_pipeline_pop(&pipeline), &trains[0]);
	KUNIT_EXPECT_EQ(test, nym_pipeline_enter(&pipeline, &trains[i]), 0);
	local_bh_enable();
}

static void memory_is_bounded(struct kunit *test)
{
	struct nym_train large = { .memory = NYM_MAX_PIPELINE_MEMORY };
	struct nym_train first = { .memory = 1 }, second = { .memory = 1 };
	struct nym_pipeline pipeline;

	nym_pipeline_init(&pipeline, none_leaves);
	local_bh_disable();
	KUNIT_EXPECT_EQ(test, nym_pipeline_enter(&pipeline, &large), 1);
	KUNIT_EXPECT_EQ(test, nym_pipeline_enter(&pipeline, &first), -ENOBUFS);
	nym_pipeline_done(NULL, &pipeline, &large);
	KUNIT_EXPECT_PTR_EQ(test, nym_pipeline_pop(&pipeline), &large);
	KUNIT_EXPECT_EQ(test, nym_pipeline_enter(&pipeline, &first), 1);
	KUNIT_EXPECT_EQ(test, nym_pipeline_enter(&pipeline, &large), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, nym_pipeline_enter(&pipeline, &second), 0);
	local_bh_enable();
}

static void work(struct nym_train *train)
{
	struct yard *yard = container_of(train, struct numbered, train)->yard;

	atomic_inc(&yard->worked_on);
	finish(train);
}

/* Has its CPU busy until all others were worked on. */
static void work_long(struct nym_train *train)
{
	struct yard *yard = container_of(train, struct numbered, train)->yard;
	unsigned long end = jiffies + PATIENCE;

	while (atomic_read(&yard->worked_on) < TRAINS - 1 && time_before(jiffies, end))
		cpu_relax();
	yard->was_helped = atomic_read(&yard->worked_on) == TRAINS - 1;
	work(train);
}

static void remove_workers(void *context)
{
	struct nym_device *device = context;

	if (device->crypt_wq)
		destroy_workqueue(device->crypt_wq);
	nym_crypt_free(device->crypt);
}

static void add_workers(struct kunit *test, struct yard *yard)
{
	struct nym_device *device = kunit_kzalloc(test, sizeof(*device), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, device);
	yard->device = device;
	device->crypt = nym_crypt_alloc();
	KUNIT_ASSERT_NOT_NULL(test, device->crypt);
	device->crypt_wq = alloc_workqueue("nym-kunit", WQ_PERCPU | WQ_CPU_INTENSIVE,
					   0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, remove_workers, device));
	KUNIT_ASSERT_NOT_NULL(test, device->crypt_wq);
}

/* Return: the CPU on which they came. */
static int send_off(struct kunit *test, struct yard *yard)
{
	unsigned int i;
	int cpu;

	/* This CPU's worker must not begin with the long one before we are through. */
	local_bh_disable();
	cpu = smp_processor_id();
	for (i = 0; i < TRAINS; i++) {
		struct nym_train *train = &yard->trains[i].train;
		int ret = nym_pipeline_enter(&yard->pipeline, train);

		KUNIT_EXPECT_GE(test, ret, 0);
		train->process = i ? work : work_long;
		nym_pipeline_work(yard->device, train, ret, NYM_TRAIN_BYTES);
	}
	local_bh_enable();
	return cpu;
}

/* Trains of a CPU that is busy do not wait for it while another one is not. */
static void a_busy_cpu_is_helped(struct kunit *test)
{
	struct yard *yard = new_yard(test);
	unsigned int i;
	int cpu;

	if (num_online_cpus() < 2)
		kunit_skip(test, "one CPU");
	add_workers(test, yard);
	cpu = send_off(test, yard);
	nym_crypt_flush(yard->device->crypt_wq);
	KUNIT_EXPECT_TRUE(test, yard->was_helped);
	KUNIT_EXPECT_EQ(test, atomic_read(&yard->worked_on), TRAINS);
	expect_order(test, yard);
	for (i = 0; i < TRAINS; i++)
		KUNIT_EXPECT_EQ(test, yard->cpus[i], cpu);
}

static struct kunit_case pipeline_cases[] = {
	KUNIT_CASE(order_is_kept),
	KUNIT_CASE(full_pipeline),
	KUNIT_CASE(memory_is_bounded),
	KUNIT_CASE_SLOW(a_busy_cpu_is_helped),
	{}
};

static struct kunit_suite pipeline_suite = {
	.name = "nym_pipeline",
	.test_cases = pipeline_cases,
};

kunit_test_suite(pipeline_suite);
