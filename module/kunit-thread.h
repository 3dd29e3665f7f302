/* SPDX-License-Identifier: GPL-2.0 */
/* Threads for tests of what happens at once. */
#ifndef _NYM_KUNIT_THREAD_H
#define _NYM_KUNIT_THREAD_H

#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>

/**
 * nym_kunit_thread_start() - run a function on another CPU, if there is one
 * @run:	loops until kthread_should_stop(), and calls schedule() in each
 *		round: one CPU has to do for all where there is no other, and
 *		cond_resched() does nothing where the kernel takes itself for
 *		preemptible without being it (user-mode Linux)
 * @data:	for @run
 *
 * Short runs would never be spread by the scheduler itself. Return: the thread,
 * to be ended with kthread_stop(), or ERR_PTR().
 */
static inline struct task_struct *nym_kunit_thread_start(int (*run)(void *data),
							 void *data)
{
	struct task_struct *thread = kthread_create(run, data, "nym-kunit");
	unsigned int cpu;

	if (IS_ERR(thread))
		return thread;
	cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	if (cpu < nr_cpu_ids)
		kthread_bind(thread, cpu);
	wake_up_process(thread);
	return thread;
}

#endif /* _NYM_KUNIT_THREAD_H */
