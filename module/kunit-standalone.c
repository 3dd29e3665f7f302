// SPDX-License-Identifier: GPL-2.0
/* The suites in a kernel without KUnit: the parameter kunit_suites has their
 * names, writing one of them into the parameter kunit runs that suite, which is an
 * I/O error if a case fails, and reading it then tells the results in KTAP.
 */

#include "kunit-standalone.h"

#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

static const struct kunit_suite *(*const suites[])(void) = { NYM_KUNIT_SUITES };

/* As much as a parameter can tell. Access is serialized by the parameters' lock,
 * but for failures, which any thread of a test can report.
 */
static char results[PAGE_SIZE];
static size_t results_len;
static DEFINE_SPINLOCK(results_lock);

/* What failures say is told as long as verdicts have room; the log has all of it. */
#define ROOM_FOR_FAILURES	(PAGE_SIZE / 2)

static void __printf(2, 3) tell(size_t room, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	spin_lock_bh(&results_lock);
	if (results_len < room)
		results_len += vscnprintf(results + results_len,
					  room - results_len, fmt, args);
	/* It may have been cut off. */
	results[results_len - 1] = '\n';
	spin_unlock_bh(&results_lock);
	va_end(args);
}

/**
 * struct action - what is undone at the end of a test case
 * @list:	in &struct kunit.actions
 * @action:	undoes it
 * @context:	for @action
 */
struct action {
	struct list_head list;
	kunit_action_t *action;
	void *context;
};

static void free_memory(void *context)
{
	kfree(context);
}

int kunit_add_action_or_reset(struct kunit *test, kunit_action_t *action,
			      void *context)
{
	struct action *new = kmalloc(sizeof(*new), GFP_KERNEL);

	if (!new) {
		action(context);
		return -ENOMEM;
	}
	new->action = action;
	new->context = context;
	list_add(&new->list, &test->actions);
	return 0;
}

void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	void *memory = kmalloc(size, gfp);

	if (memory && kunit_add_action_or_reset(test, free_memory, memory))
		return NULL;
	return memory;
}

void kunit_kfree(struct kunit *test, const void *memory)
{
	struct action *action;

	list_for_each_entry(action, &test->actions, list) {
		if (action->action == free_memory && action->context == memory) {
			list_del(&action->list);
			kfree(action);
			kfree(memory);
			return;
		}
	}
}

void nym_kunit_fail(struct kunit *test, const char *where, const char *fmt, ...)
{
	struct va_format message = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	message.va = &args;
	WRITE_ONCE(test->failed, true);
	pr_err("kunit: %s: %pV\n", where, &message);
	tell(ROOM_FOR_FAILURES, "# %s: %pV\n", where, &message);
	va_end(args);
}

void nym_kunit_abort(struct kunit *test)
{
	kthread_complete_and_exit(&test->done, 0);
}

/**
 * struct part - what a thread of its own runs, which a failed assertion ends
 * @test:	the case
 * @suite:	that it is of
 * @run:	the case itself, after the suite's init; or NULL: the suite's exit
 */
struct part {
	struct kunit *test;
	const struct kunit_suite *suite;
	void (*run)(struct kunit *test);
};

static int run_part(void *data)
{
	const struct part *part = data;
	struct kunit *test = part->test;
	int err = 0;

	if (!part->run) {
		part->suite->exit(test);
	} else {
		if (part->suite->init)
			err = part->suite->init(test);
		if (err)
			KUNIT_FAIL(test, "the suite's init: %d", err);
		else
			part->run(test);
	}
	kthread_complete_and_exit(&test->done, 0);
}

static void run_thread(struct part *part)
{
	struct task_struct *thread;

	init_completion(&part->test->done);
	thread = kthread_run(run_part, part, "nym-kunit-case");
	if (IS_ERR(thread)) {
		KUNIT_FAIL(part->test, "no thread: %ld", PTR_ERR(thread));
		return;
	}
	/* Where it is emulated, a case takes longer than a task may be blocked. */
	while (!wait_for_completion_timeout(&part->test->done, 30 * HZ))
		;
}

static bool run_case(const struct kunit_suite *suite,
		     const struct kunit_case *test_case, unsigned int number)
{
	struct kunit test = { .actions = LIST_HEAD_INIT(test.actions) };
	struct part part = {
		.test = &test, .suite = suite, .run = test_case->run_case,
	};
	struct action *action, *next;

	run_thread(&part);
	if (suite->exit) {
		part.run = NULL;
		run_thread(&part);
	}
	list_for_each_entry_safe(action, next, &test.actions, list) {
		action->action(action->context);
		kfree(action);
	}
	tell(sizeof(results), "%sok %u %s%s%s\n", test.failed ? "not " : "", number,
	     test_case->name, test.skipped[0] ? " # SKIP " : "", test.skipped);
	return !test.failed;
}

static int run_suite(const char *name, const struct kernel_param *param)
{
	const struct kunit_suite *suite = NULL;
	unsigned int i, count = 0;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		if (sysfs_streq(name, suites[i]()->name))
			suite = suites[i]();
	if (!suite)
		return -ENOENT;
	while (suite->test_cases[count].run_case)
		count++;
	results_len = 0;
	tell(sizeof(results), "1..%u\n", count);
	for (i = 0; i < count; i++)
		if (!run_case(suite, &suite->test_cases[i], i + 1))
			ret = -EIO;
	return ret;
}

static int read_results(char *buffer, const struct kernel_param *param)
{
	memcpy(buffer, results, results_len);
	return results_len;
}

static const struct kernel_param_ops run_ops = {
	.set = run_suite,
	.get = read_results,
};
module_param_cb(kunit, &run_ops, NULL, 0600);

static int read_names(char *buffer, const struct kernel_param *param)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		len += scnprintf(buffer + len, PAGE_SIZE - len, "%s\n",
				 suites[i]()->name);
	return len;
}

static const struct kernel_param_ops names_ops = { .get = read_names };
module_param_cb(kunit_suites, &names_ops, NULL, 0400);
