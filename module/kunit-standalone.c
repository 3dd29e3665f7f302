// SPDX-License-Identifier: GPL-2.0
/* The suites in a kernel without KUnit: the parameter kunit_suites has their
 * names, writing one of them into the parameter kunit runs that suite, and reading
 * it then tells the results in KTAP.
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

static void __printf(1, 2) tell(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	spin_lock_bh(&results_lock);
	results_len += vscnprintf(results + results_len,
				  sizeof(results) - results_len, fmt, args);
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
	tell("# %s: %pV\n", where, &message);
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
	if (IS_ERR(thread))
		KUNIT_FAIL(part->test, "no thread: %ld", PTR_ERR(thread));
	else
		wait_for_completion(&part->test->done);
}

static void run_case(const struct kunit_suite *suite,
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
	tell("%sok %u %s%s%s\n", test.failed ? "not " : "", number,
	     test_case->name, test.skipped[0] ? " # SKIP " : "", test.skipped);
}

static int run_suite(const char *name, const struct kernel_param *param)
{
	const struct kunit_case *test_case;
	unsigned int i, number = 0;

	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		const struct kunit_suite *suite = suites[i]();

		if (!sysfs_streq(name, suite->name))
			continue;
		results_len = 0;
		for (test_case = suite->test_cases; test_case->run_case; test_case++)
			run_case(suite, test_case, ++number);
		return 0;
	}
	return -ENOENT;
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
