/* See refusal.h. */
#include "control/refusal.h"

#include <stddef.h>

static const struct {
	enum control_error error;
	const char *name;
} errors[] = {
	/* In the order of the tests of RFC 3416 4.2.5. */
	{CONTROL_GEN_ERR, "genErr"},
	{CONTROL_NO_ACCESS, "noAccess"},
	{CONTROL_NOT_WRITABLE, "notWritable"},
	{CONTROL_WRONG_TYPE, "wrongType"},
	{CONTROL_WRONG_LENGTH, "wrongLength"},
	{CONTROL_WRONG_VALUE, "wrongValue"},
	{CONTROL_NO_CREATION, "noCreation"},
	{CONTROL_INCONSISTENT_NAME, "inconsistentName"},
	{CONTROL_INCONSISTENT_VALUE, "inconsistentValue"},
	{CONTROL_RESOURCE_UNAVAILABLE, "resourceUnavailable"},
	{CONTROL_COMMIT_FAILED, "commitFailed"},
	{CONTROL_UNDO_FAILED, "undoFailed"},
};
static const size_t n_errors = sizeof(errors) / sizeof(errors[0]);

unsigned control_error_rank(enum control_error e)
{
	unsigned i = 0;

	while (i < n_errors && errors[i].error != e)
		i++;
	return i;
}

const char *control_error_name(enum control_error e)
{
	unsigned i = control_error_rank(e);

	return i < n_errors ? errors[i].name : "noError";
}

static const struct {
	enum control_error error;
	const char *text;
} reasons[_REASON_MAX] = {[REASON_NONE] = {CONTROL_OK, ""},
#define ROW_OF(name, error, text) [REASON_##name] = {CONTROL_##error, text},
	REFUSAL_REASONS(ROW_OF)
#undef ROW_OF
};

const char *reason_text(enum refusal_reason r)
{
	return reasons[r].text;
}

void refuse(struct refusal *best, enum refusal_reason reason, uint32_t position)
{
	refuse_amount(best, reason, position, 0, 0);
}

void refuse_amount(struct refusal *best, enum refusal_reason reason, uint32_t position,
	uint64_t wanted, uint64_t available)
{
	enum control_error error = reasons[reason].error;
	unsigned rank = control_error_rank(error), best_rank = control_error_rank(best->error);

	if (rank > best_rank || (rank == best_rank && position >= best->position))
		return;
	*best = (struct refusal){error, position, reason, wanted, available};
}
