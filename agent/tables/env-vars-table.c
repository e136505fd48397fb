/*
 * ldomEnvVarsTable: OpenBoot variables. The inventory has left out secrets and cut long values.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

/* ldomEnvVarsFlag */
enum { FLAG_COMPLETE = 1, FLAG_TRUNCATED = 2, FLAG_HIDDEN = 3 };

static bool seek_env_vars(const struct view *v, const uint32_t *index, struct row *ret)
{
	return device_seek(v, LIST_VARIABLE, index, ret);
}

static void get_flag(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v;
	const struct environment_variable *var = r->object;

	value_set_integer(ret, var->secret	? FLAG_HIDDEN
			       : var->truncated ? FLAG_TRUNCATED
						: FLAG_COMPLETE);
}

static const struct column columns[] = {
	COLUMN_INDEX(1, "ldomEnvVarsIndex"),
	COLUMN_DOMAIN(2, "ldomEnvVarsLdomIndex"),
	COLUMN_TEXT(3, "ldomEnvVarsName", environment_variable, name, NAME_MAX_OCTETS),
	COLUMN_TEXT(4, "ldomEnvVarsValue", environment_variable, value, TEXT_MAX_OCTETS),
	COLUMN_MADE(5, "ldomEnvVarsFlag", VALUE_INTEGER, get_flag, 3),
};

const struct table env_vars_table = {TABLE_OF("ldomEnvVarsTable", 18, 2), .seek = seek_env_vars};
