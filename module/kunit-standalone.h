/* SPDX-License-Identifier: GPL-2.0 */
/* As much of KUnit as the suites use, for kernels that are built without it, as
 * distributions' are. Names and meaning are KUnit's. It comes before a suite's own
 * includes, and so in place of <kunit/test.h>.
 */
#ifndef _KUNIT_TEST_H
#define _KUNIT_TEST_H

#include <linux/completion.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

/**
 * struct kunit - a test case that runs
 * @priv:	the suite's own
 * @failed:	an expectation did not hold
 * @skipped:	why it was not run, or empty
 * @actions:	what is undone when it has ended, the last first
 * @done:	its thread has ended
 */
struct kunit {
	void *priv;
	bool failed;
	char skipped[64];
	struct list_head actions;
	struct completion done;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

#define KUNIT_CASE(test_name)						\
	{ .run_case = test_name, .name = #test_name }
#define KUNIT_CASE_SLOW(test_name)	KUNIT_CASE(test_name)

struct kunit_suite {
	const char *name;
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

/* Without KUnit, the kernel does not look for suites in a module: Kbuild does. */
typeof(const struct kunit_suite *(void)) NYM_KUNIT_SUITES;

#define kunit_test_suite(suite)						\
	const struct kunit_suite *nym_kunit_##suite(void)		\
	{								\
		return &(suite);					\
	}

typedef void kunit_action_t(void *context);

#define KUNIT_DEFINE_ACTION_WRAPPER(wrapper, original, type)		\
	static void wrapper(void *context)				\
	{								\
		original((type)context);				\
	}

int kunit_add_action_or_reset(struct kunit *test, kunit_action_t *action,
			      void *context);
void *kunit_kmalloc(struct kunit *test, size_t size, gfp_t gfp);
void kunit_kfree(struct kunit *test, const void *memory);

static inline void *kunit_kzalloc(struct kunit *test, size_t size, gfp_t gfp)
{
	return kunit_kmalloc(test, size, gfp | __GFP_ZERO);
}

static inline void *kunit_kcalloc(struct kunit *test, size_t n, size_t size,
				  gfp_t gfp)
{
	return kunit_kzalloc(test, array_size(n, size), gfp);
}

void __noreturn nym_kunit_abort(struct kunit *test);
void __printf(3, 4) nym_kunit_fail(struct kunit *test, const char *where,
				   const char *fmt, ...);

#define KUNIT_FAIL(test, ...)						\
	nym_kunit_fail(test, __FILE__ ":" __stringify(__LINE__), __VA_ARGS__)

#define KUNIT_FAIL_AND_ABORT(test, ...)					\
do {									\
	struct kunit *__test = (test);					\
									\
	KUNIT_FAIL(__test, __VA_ARGS__);				\
	nym_kunit_abort(__test);					\
} while (0)

#define kunit_skip(test, fmt, ...)					\
do {									\
	struct kunit *__test = (test);					\
									\
	snprintf(__test->skipped, sizeof(__test->skipped), fmt,		\
		 ##__VA_ARGS__);					\
	nym_kunit_abort(__test);					\
} while (0)

/* KUNIT_..._EXPECT() goes on after a failure, KUNIT_..._ASSERT() does not. */
#define nym_kunit_true(test, fail, condition, fmt, ...)			\
do {									\
	if (!(condition))						\
		fail(test, "%s is wrong" fmt, #condition, ##__VA_ARGS__); \
} while (0)

#define nym_kunit_compare(test, fail, left, op, right, fmt, ...)	\
do {									\
	const typeof(left) __left = (left);				\
	const typeof(right) __right = (right);				\
									\
	if (!(__left op __right))					\
		fail(test, "%s: %lld, expected %s %s: %lld" fmt, #left,	\
		     (long long)__left, #op, #right, (long long)__right, \
		     ##__VA_ARGS__);					\
} while (0)

#define nym_kunit_pointer(test, fail, left, right, fmt, ...)		\
do {									\
	const void *__left = (left);					\
	const void *__right = (right);					\
									\
	if (__left != __right)						\
		fail(test, "%s: %p, expected %s: %p" fmt, #left,	\
		     __left, #right, __right, ##__VA_ARGS__);		\
} while (0)

#define KUNIT_EXPECT_TRUE(test, condition)				\
	nym_kunit_true(test, KUNIT_FAIL, condition, "")
#define KUNIT_EXPECT_TRUE_MSG(test, condition, fmt, ...)		\
	nym_kunit_true(test, KUNIT_FAIL, condition, ", " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_FALSE(test, condition)				\
	nym_kunit_true(test, KUNIT_FAIL, !(condition), "")
#define KUNIT_EXPECT_FALSE_MSG(test, condition, fmt, ...)		\
	nym_kunit_true(test, KUNIT_FAIL, !(condition), ", " fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_EQ(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL, left, ==, right, "")
#define KUNIT_EXPECT_EQ_MSG(test, left, right, fmt, ...)		\
	nym_kunit_compare(test, KUNIT_FAIL, left, ==, right, ", " fmt,	\
			  ##__VA_ARGS__)
#define KUNIT_EXPECT_NE(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL, left, !=, right, "")
#define KUNIT_EXPECT_LT(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL, left, <, right, "")
#define KUNIT_EXPECT_LE(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL, left, <=, right, "")
#define KUNIT_EXPECT_GT(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL, left, >, right, "")
#define KUNIT_EXPECT_GE(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL, left, >=, right, "")
#define KUNIT_EXPECT_PTR_EQ(test, left, right)				\
	nym_kunit_pointer(test, KUNIT_FAIL, left, right, "")
#define KUNIT_EXPECT_NULL(test, pointer)				\
	nym_kunit_pointer(test, KUNIT_FAIL, pointer, NULL, "")
#define KUNIT_EXPECT_NULL_MSG(test, pointer, fmt, ...)			\
	nym_kunit_pointer(test, KUNIT_FAIL, pointer, NULL, ", " fmt,	\
			  ##__VA_ARGS__)
#define KUNIT_EXPECT_NOT_NULL(test, pointer)				\
	nym_kunit_true(test, KUNIT_FAIL, (pointer) != NULL, "")
#define KUNIT_EXPECT_MEMEQ(test, left, right, size)			\
	nym_kunit_true(test, KUNIT_FAIL, !memcmp(left, right, size), "")
#define KUNIT_EXPECT_MEMNEQ(test, left, right, size)			\
	nym_kunit_true(test, KUNIT_FAIL, memcmp(left, right, size), "")

#define KUNIT_ASSERT_TRUE(test, condition)				\
	nym_kunit_true(test, KUNIT_FAIL_AND_ABORT, condition, "")
#define KUNIT_ASSERT_TRUE_MSG(test, condition, fmt, ...)		\
	nym_kunit_true(test, KUNIT_FAIL_AND_ABORT, condition, ", " fmt,	\
		       ##__VA_ARGS__)
#define KUNIT_ASSERT_FALSE(test, condition)				\
	nym_kunit_true(test, KUNIT_FAIL_AND_ABORT, !(condition), "")
#define KUNIT_ASSERT_FALSE_MSG(test, condition, fmt, ...)		\
	nym_kunit_true(test, KUNIT_FAIL_AND_ABORT, !(condition), ", " fmt, \
		       ##__VA_ARGS__)
#define KUNIT_ASSERT_EQ(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL_AND_ABORT, left, ==, right, "")
#define KUNIT_ASSERT_EQ_MSG(test, left, right, fmt, ...)		\
	nym_kunit_compare(test, KUNIT_FAIL_AND_ABORT, left, ==, right,	\
			  ", " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_NE(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL_AND_ABORT, left, !=, right, "")
#define KUNIT_ASSERT_LT(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL_AND_ABORT, left, <, right, "")
#define KUNIT_ASSERT_LE(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL_AND_ABORT, left, <=, right, "")
#define KUNIT_ASSERT_GT(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL_AND_ABORT, left, >, right, "")
#define KUNIT_ASSERT_GE(test, left, right)				\
	nym_kunit_compare(test, KUNIT_FAIL_AND_ABORT, left, >=, right, "")
#define KUNIT_ASSERT_PTR_EQ(test, left, right)				\
	nym_kunit_pointer(test, KUNIT_FAIL_AND_ABORT, left, right, "")
#define KUNIT_ASSERT_PTR_EQ_MSG(test, left, right, fmt, ...)		\
	nym_kunit_pointer(test, KUNIT_FAIL_AND_ABORT, left, right,	\
			  ", " fmt, ##__VA_ARGS__)
#define KUNIT_ASSERT_NULL(test, pointer)				\
	nym_kunit_pointer(test, KUNIT_FAIL_AND_ABORT, pointer, NULL, "")
#define KUNIT_ASSERT_NOT_NULL(test, pointer)				\
	nym_kunit_true(test, KUNIT_FAIL_AND_ABORT, (pointer) != NULL, "")
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pointer)			\
	nym_kunit_true(test, KUNIT_FAIL_AND_ABORT,			\
		       !IS_ERR_OR_NULL(pointer), "")
#define KUNIT_ASSERT_MEMEQ(test, left, right, size)			\
	nym_kunit_true(test, KUNIT_FAIL_AND_ABORT,			\
		       !memcmp(left, right, size), "")

#endif /* _KUNIT_TEST_H */
