/*
 * Copying the status from thread to thread.
 */
#include "inventory/status.h"

#include <stdlib.h>

#include "util/cleanup.h"
#include "util/text.h"

int ldm_status_copy(const struct ldm_status *s, struct ldm_status *ret)
{
	*ret = *s;
	ret->last_error = NULL;
	return text_copy(s->last_error, &ret->last_error);
}

void ldm_status_clear(struct ldm_status *s)
{
	free(s->last_error);
	*s = (struct ldm_status){0};
}

const char *link_state_name(enum link_state state)
{
	static const char *const names[] = {[LINK_UP] = "up",
		[LINK_CONNECTING] = "connecting",
		[LINK_DOWN] = "down",
		[LINK_UNAUTHORISED] = "unauthorised",
		[LINK_SLOW] = "slow"};
	const char *name = state < ARRAY_SIZE(names) ? names[state] : NULL;

	return name ? name : "unknown";
}
