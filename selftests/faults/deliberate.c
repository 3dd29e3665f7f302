// SPDX-License-Identifier: GPL-2.0
/*
 * Deliberate faults, one for each kind of detector that a guest's kernel is built
 * with: a detector that reports none of these would not report ours either.
 *
 *   insmod deliberate.ko fault=NAME
 *
 * commits the fault of that name while it loads.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static char *fault = "none";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "which fault to commit");

/* Large enough for what any fault wants to have in allocated memory. */
struct victim {
	struct list_head list;
	struct timer_list timer;
	struct work_struct work;
	spinlock_t lock; /* held when the memory goes */
	u8 bytes[8];
};

/* The compiler knows what becomes of freed memory and of constant indices, and
 * would say so or make something else of it.
 */
static void *hide(void *pointer)
{
	OPTIMIZER_HIDE_VAR(pointer);
	return pointer;
}

static unsigned int hide_number(unsigned int number)
{
	OPTIMIZER_HIDE_VAR(number);
	return number;
}

static struct victim *victim_alloc(void)
{
	return kzalloc(sizeof(struct victim), GFP_KERNEL | __GFP_NOFAIL);
}

static void none(void)
{
}

/* Memory */

static void use_after_free(void)
{
	struct victim *victim = victim_alloc();
	struct victim *stale = hide(victim);

	kfree(victim);
	WRITE_ONCE(stale->bytes[0], 1);
}

static void out_of_bounds(void)
{
	u8 *bytes = kzalloc(24, GFP_KERNEL | __GFP_NOFAIL);
	u8 *same = hide(bytes);

	WRITE_ONCE(same[24], 1);
	kfree(bytes);
}

static void stack_out_of_bounds(void)
{
	u8 bytes[16] = {};
	u8 *same = hide(bytes);

	WRITE_ONCE(same[hide_number(16)], 1);
}

static void double_free(void)
{
	struct victim *victim = victim_alloc();
	struct victim *stale = hide(victim);

	kfree(victim);
	kfree(stale);
}

/* Written by a function that KASAN does not look at, as a device would. */
static noinline __no_sanitize_address void write_unseen(u8 *at)
{
	WRITE_ONCE(*at, 1);
}

static void page_written_after_free(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	u8 *at = page_address(page);
	int i;

	__free_page(page);
	write_unseen(at);
	/* Found when the page is given to somebody again. */
	for (i = 0; i < 4096; i++) {
		page = alloc_page(GFP_KERNEL);
		if (!page)
			break;
		if (page_address(page) == at)
			i = 4096;
		__free_page(page);
	}
}

/* As of a stack that was too small. */
static void stack_end_overwritten(void)
{
	*end_of_stack(current) = 0;
	msleep(20);
}

static void leak(void)
{
	int i;

	/* Registers and the stack may still hold the last ones. */
	for (i = 0; i < 16; i++)
		hide(victim_alloc());
}

static void cache_with_objects(void)
{
	struct kmem_cache *cache;

	cache = kmem_cache_create("deliberate", 200, 0, SLAB_NO_MERGE, NULL);
	if (!cache)
		return;
	hide(kmem_cache_alloc(cache, GFP_KERNEL));
	kmem_cache_destroy(cache);
}

static void reference_underflow(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	refcount_dec(&count);
	refcount_dec(&count);
}

static void list_corruption(void)
{
	struct victim *victim = victim_alloc();
	LIST_HEAD(head);

	list_add(&victim->list, &head);
	list_del(&victim->list);
	list_del(hide(&victim->list));
	kfree(victim);
}

/* Arithmetic */

static void shift(void)
{
	unsigned int one = hide_number(1);

	pr_info("%u\n", one << hide_number(40));
}

static unsigned int table[4];

static void array_index(void)
{
	pr_info("%u\n", table[hide_number(4)]);
}

/* Objects that are in use when they go */

static void timer_expired(struct timer_list *timer)
{
}

static void active_timer_freed(void)
{
	struct victim *victim = victim_alloc();

	timer_setup(&victim->timer, timer_expired, 0);
	mod_timer(&victim->timer, jiffies + 3600 * HZ);
	/* ODEBUG takes the timer off, so that no more comes of it. */
	kfree(victim);
}

static void work_run(struct work_struct *work)
{
	msleep(20);
}

static void queued_work_freed(void)
{
	struct victim *victim = victim_alloc();

	INIT_WORK(&victim->work, work_run);
	preempt_disable();
	schedule_work_on(smp_processor_id(), &victim->work);
	kfree(victim);
	preempt_enable();
}

/* Locks */

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

static void lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void lock_within_its_like(void)
{
	struct mutex mutex[2]; /* of one initializer, thus of one class */
	int i;

	for (i = 0; i < 2; i++)
		mutex_init(&mutex[i]);
	mutex_lock(&mutex[0]);
	mutex_lock(&mutex[1]);
	mutex_unlock(&mutex[1]);
	mutex_unlock(&mutex[0]);
}

static void softirq_takes_lock(struct timer_list *timer)
{
	spin_lock(&spin);
	spin_unlock(&spin);
}

static DEFINE_TIMER(softirq_timer, softirq_takes_lock);

static void lock_shared_with_softirq(void)
{
	mod_timer(&softirq_timer, jiffies + 1);
	msleep(100);
	spin_lock(&spin);
	spin_unlock(&spin);
	timer_delete_sync(&softirq_timer);
}

static void held_lock_freed(void)
{
	struct victim *victim = victim_alloc();

	spin_lock_init(&victim->lock);
	spin_lock(&victim->lock);
	kfree(victim);
	/* The report took it off the books; the count is still ours to mend. */
	preempt_enable();
}

/* Context */

static void sleep_in_atomic(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
}

static void sleep_in_rcu(void)
{
	rcu_read_lock();
	might_sleep();
	rcu_read_unlock();
}

static void cpu_number_while_preemptible(void)
{
	pr_info("%u\n", smp_processor_id());
}

static struct victim __rcu *published;

static void rcu_outside_of_reader(void)
{
	pr_info("%d\n", !rcu_dereference(published));
}

static void rcu_list_outside_of_reader(void)
{
	struct victim *victim;
	LIST_HEAD(head);

	list_for_each_entry_rcu(victim, &head, list)
		pr_info("%d\n", victim->bytes[0]);
}

/* Two CPUs */

static unsigned long shared;

static int count_up(void *unused)
{
	while (!kthread_should_stop()) {
		shared++;
		cond_resched();
	}
	return 0;
}

static void two_writers(void)
{
	struct task_struct *threads[2];
	int i;

	for (i = 0; i < 2; i++) {
		threads[i] = kthread_create(count_up, NULL, "deliberate-%d", i);
		if (IS_ERR(threads[i]))
			return;
		kthread_bind(threads[i], i);
		wake_up_process(threads[i]);
	}
	msleep(5000);
	for (i = 0; i < 2; i++)
		kthread_stop(threads[i]);
}

#define FAULT(function) { #function, function }

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	FAULT(none),
	FAULT(use_after_free),
	FAULT(out_of_bounds),
	FAULT(stack_out_of_bounds),
	FAULT(double_free),
	FAULT(page_written_after_free),
	FAULT(stack_end_overwritten),
	FAULT(leak),
	FAULT(cache_with_objects),
	FAULT(reference_underflow),
	FAULT(list_corruption),
	FAULT(shift),
	FAULT(array_index),
	FAULT(active_timer_freed),
	FAULT(queued_work_freed),
	FAULT(lock_order),
	FAULT(lock_within_its_like),
	FAULT(lock_shared_with_softirq),
	FAULT(held_lock_freed),
	FAULT(sleep_in_atomic),
	FAULT(sleep_in_rcu),
	FAULT(cpu_number_while_preemptible),
	FAULT(rcu_outside_of_reader),
	FAULT(rcu_list_outside_of_reader),
	FAULT(two_writers),
};

static int __init deliberate_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(faults[i].name, fault))
			continue;
		pr_info("committing %s\n", fault);
		faults[i].commit();
		return 0;
	}
	pr_err("no fault named %s\n", fault);
	return -EINVAL;
}

static void __exit deliberate_exit(void)
{
}

module_init(deliberate_init);
module_exit(deliberate_exit);
MODULE_DESCRIPTION("Deliberate faults for detectors to find");
MODULE_LICENSE("GPL");
