/*
 * What every unit test includes: cmocka and the headers it wants in front of it.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka has to come last. */
#include <cmocka.h>

#endif
