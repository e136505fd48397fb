/*
 * Numbers and units, as ldmd and the configuration write them.
 */
#include <errno.h>
#include <inttypes.h>

#include "test.h"
#include "util/cleanup.h"
#include "util/number.h"

#define K	  UINT64_C(1024)
#define UNTOUCHED UINT64_C(4711)

struct sample {
	const char *text;
	int result;
	uint64_t value;
};

static void check(const struct sample *samples, size_t n, int (*parse)(const char *, uint64_t *))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED;
		int r = parse(samples[i].text, &value);

		if (r != samples[i].result || value != (r == 0 ? samples[i].value : UNTOUCHED))
			fail_msg("\"%s\" gives %d, %" PRIu64, samples[i].text, r, value);
	}
}

static void test_u64(void **state)
{
	static const struct sample samples[] = {
		{"0", 0, 0},
		{"17", 0, 17},
		{"  17\n", 0, 17},
		{"007", 0, 7},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{" ", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"1x", -EINVAL, 0},
		{"1 2", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
	};

	(void)state;
	check(samples, ARRAY_SIZE(samples), parse_u64);
}

static void test_u32(void **state)
{
	uint32_t value = 5;

	(void)state;
	assert_int_equal(parse_u32("4294967295", &value), 0);
	assert_int_equal(value, UINT32_MAX);
	assert_int_equal(parse_u32("4294967296", &value), -ERANGE);
	assert_int_equal(parse_u32("", &value), -EINVAL);
	assert_int_equal(value, UINT32_MAX);
}

static void test_size(void **state)
{
	static const struct sample samples[] = {
		{"4G", 0, 4 * K * K * K},
		{"2048M", 0, 2 * K * K * K},
		{"2048m", 0, 2 * K * K * K},
		{"256K", 0, 256 * K},
		{"3145728K", 0, 3 * K * K * K},
		{"99999999999K", 0, UINT64_C(99999999999) * K},
		{"1T", 0, K * K * K * K},
		{"1 GB", 0, K * K * K},
		{"123", 0, 123},
		{"123B", 0, 123},
		{" 8G ", 0, 8 * K * K * K},
		{"G", -EINVAL, 0},
		{"4GG", -EINVAL, 0},
		{"4P", -EINVAL, 0},
		{"4G 1", -EINVAL, 0},
		{"1.5G", -EINVAL, 0},
		{"17179869184G", -ERANGE, 0},
		{"16777216T", -ERANGE, 0},
	};

	(void)state;
	check(samples, ARRAY_SIZE(samples), parse_size);
}

static void test_permille(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t value;
	} samples[] = {
		{"0.7%", 0, 7},
		{"0.7", 0, 7},
		{"100%", 0, 1000},
		{"12.34 %", 0, 123},
		{"0.09%", 0, 0},
		{"99.99", 0, 999},
		{"1%", 0, 10},
		{"0", 0, 0},
		{"100.1", -ERANGE, 0},
		{"101", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"---", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{"5.", -EINVAL, 0},
		{"5%%", -EINVAL, 0},
		{"18446744073709551615%", -ERANGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		uint32_t value = 4711;
		int r = parse_permille(samples[i].text, &value);

		if (r != samples[i].result || value != (r == 0 ? samples[i].value : 4711))
			fail_msg("\"%s\" gives %d, %u", samples[i].text, r, value);
	}
}

static void test_uptime(void **state)
{
	static const struct sample samples[] = {
		{"3h", 0, 10800},
		{"1d 22h 53m", 0, 168780},
		{"1d22h53m", 0, 168780},
		{"42s", 0, 42},
		{"2w", 0, 1209600},
		{"165180", 0, 165180},
		{"53 m", 0, 3180},
		{"", -EINVAL, 0},
		{"1x", -EINVAL, 0},
		{"h", -EINVAL, 0},
		{"18446744073709551615s 1s", -ERANGE, 0},
		{"18446744073709551615d", -ERANGE, 0},
	};

	(void)state;
	check(samples, ARRAY_SIZE(samples), parse_uptime);
}

static void test_megabytes(void **state)
{
	(void)state;
	assert_int_equal(bytes_to_megabytes(0), 0);
	assert_int_equal(bytes_to_megabytes(MEGABYTE - 1), 0);
	assert_int_equal(bytes_to_megabytes(UINT64_C(4096) * MEGABYTE), 4096);
	assert_int_equal(bytes_to_megabytes(UINT64_MAX), (UINT64_C(1) << 44) - 1);
}

static void test_compare(void **state)
{
	(void)state;
	assert_int_equal(compare_u64(1, 2), -1);
	assert_int_equal(compare_u64(2, 2), 0);
	assert_int_equal(compare_u64(UINT64_MAX, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_u32),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_permille),
		cmocka_unit_test(test_uptime),
		cmocka_unit_test(test_megabytes),
		cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
