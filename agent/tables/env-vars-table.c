/*
 * ldomEnvVarsTable: OpenBoot variables. The inventory has left out secrets and cut long values.
 */
#include "tables/tables.h"

#include "tables/device-table.h"

/* ldomEnvVarsFlag */
enum { FLAG_COMPLETE = 1, FLAG_TRUNCATED = 2, FLAG_HIDDEN = 3 };

static void get_flag(const struct cell *c, struct value *ret)
{
	const struct environment_variable *var = c->row.object;

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

const struct table env_vars_table = {DEVICE_TABLE(18, LIST_VARIABLE)};
