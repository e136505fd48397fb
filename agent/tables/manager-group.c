/*
 * The manager scalars: the agent, its link to ldmd, and its counters. When the inventory is too old
 * to be served, they still are, and tell the reason.
 */
#include "tables/tables.h"

#include <stddef.h>

#include "control/control.h"
#include "control/oplog.h"
#include "util/log.h"

/* ldomRegistryState */
enum { REGISTRY_OK = 1, REGISTRY_RECOVERED = 2, REGISTRY_WRITE_FAILED = 3 };

static void get_up_time(const struct cell *c, struct value *ret)
{
	value_set_ticks(ret, c->view->now_ms - c->view->facts->started_ms);
}

static void get_link_state(const struct cell *c, struct value *ret)
{
	/* 0 until the ldm thread reports. */
	enum link_state link = c->view->status->link;
	value_set_integer(ret, (int32_t)(link ? link : LINK_CONNECTING));
}

static void get_link_change(const struct cell *c, struct value *ret)
{
	value_set_ticks(ret, view_timestamp_ms(c->view, c->view->status->link_changed_ms));
}

static void get_data_age(const struct cell *c, struct value *ret)
{
	uint64_t taken = c->view->taken_ms, now = c->view->now_ms;

	value_set_unsigned(ret, taken == 0 ? UINT32_MAX : taken < now ? (now - taken) / 10 : 0);
}

static void get_interval(const struct cell *c, struct value *ret)
{
	uint64_t now = c->view->status->interval_ms;
	value_set_unsigned(ret, now ? now : c->view->facts->refresh_interval_ms);
}

static void get_stale_after(const struct cell *c, struct value *ret)
{
	/* Seconds, rounded up, as 0 means "never". */
	value_set_unsigned(ret, (c->view->facts->stale_after_ms + 999) / 1000);
}

static void get_number(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, c->view->snapshot ? c->view->snapshot->n_active_rows : 0);
}

static void get_table_change(const struct cell *c, struct value *ret)
{
	const struct snapshot *s = c->view->snapshot;
	uint64_t at = s ? s->table_last_change_ms : 0;
	uint64_t operations = s ? oplog_view_changed_ms(c->view->operations) : 0;

	if (operations > at)
		at = operations;
	value_set_ticks(ret, view_timestamp_ms(c->view, at));
}

static void get_next_index(const struct cell *c, struct value *ret)
{
	value_set_unsigned(ret, c->view->snapshot ? c->view->snapshot->next_index : 0);
}

static void get_registry_state(const struct cell *c, struct value *ret)
{
	const struct ldm_status *status = c->view->status;

	value_set_integer(ret, status->registry_failed	    ? REGISTRY_WRITE_FAILED
			       : status->registry_recovered ? REGISTRY_RECOVERED
							    : REGISTRY_OK);
}

static void get_log_lines_lost(const struct cell *c, struct value *ret)
{
	(void)c;
	value_set_counter(ret, log_lines_lost());
}

/* A bool, text or uint64_t of that object, at the column's offset. */
static void get_member(const struct cell *c, const void *object, struct value *ret)
{
	const struct cell of_object = {.column = c->column, .row.object = object};

	if (c->column->type == VALUE_INTEGER)
		column_get_bool(&of_object, ret);
	else if (c->column->type == VALUE_OCTETS)
		column_get_text(&of_object, ret);
	else
		column_get_u64(&of_object, ret);
}

static void get_of_status(const struct cell *c, struct value *ret)
{
	get_member(c, c->view->status, ret);
}

static void get_of_facts(const struct cell *c, struct value *ret)
{
	get_member(c, c->view->facts, ret);
}

/* --- why the last SET was refused ------------------------------------------------------------ */

static const struct control_refusal *refusal_of(const struct view *v)
{
	static const struct control_refusal none = {.error = CONTROL_OK};

	return v->facts->last_refusal ? v->facts->last_refusal : &none;
}

static void get_of_refusal(const struct cell *c, struct value *ret)
{
	get_member(c, refusal_of(c->view), ret);
}

static void get_refusal_error(const struct cell *c, struct value *ret)
{
	value_set_integer(ret, (int32_t)refusal_of(c->view)->error);
}

static void get_refusal_time(const struct cell *c, struct value *ret)
{
	value_set_ticks(ret, view_timestamp_ms(c->view, refusal_of(c->view)->at_ms));
}

#define STATUS(id, name, type, member, max)                                                        \
	COLUMN_MEMBER(id, name, type, get_of_status, ldm_status, member, max)
#define FACT(id, name, type, member, max)                                                          \
	COLUMN_MEMBER(id, name, type, get_of_facts, agent_facts, member, max)
#define REFUSAL(id, name, member, max)                                                             \
	COLUMN_MEMBER(id, name, VALUE_OCTETS, get_of_refusal, control_refusal, member, max)

static const struct column columns[] = {
	/* ldmd does not tell its version over this interface. */
	COLUMN_CONSTANT(1, "ldomVersionMajor", 0),
	COLUMN_CONSTANT(2, "ldomVersionMinor", 0),
	FACT(3, "ldomAgentVersion", VALUE_OCTETS, version, 255),
	COLUMN_MADE(4, "ldomAgentUpTime", VALUE_TIME_TICKS, get_up_time, 0),
	COLUMN_MADE(5, "ldomLinkState", VALUE_INTEGER, get_link_state, 5),
	COLUMN_MADE(6, "ldomLinkLastChange", VALUE_TIME_TICKS, get_link_change, 0),
	STATUS(7, "ldomLinkLastError", VALUE_OCTETS, last_error, 255),
	COLUMN_MADE(8, "ldomDataAge", VALUE_UNSIGNED, get_data_age, 0),
	COLUMN_MADE(9, "ldomRefreshInterval", VALUE_UNSIGNED, get_interval, 0),
	FACT(10, "ldomRefreshIntervalMin", VALUE_UNSIGNED, refresh_interval_ms, 0),
	STATUS(11, "ldomRefreshDuration", VALUE_UNSIGNED, last_duration_ms, 0),
	COLUMN_MADE(12, "ldomStaleAfter", VALUE_UNSIGNED, get_stale_after, 0),
	FACT(13, "ldomSetWait", VALUE_UNSIGNED, set_wait_ms, 0),
	COLUMN_MADE(14, "ldomNumber", VALUE_UNSIGNED, get_number, 0),
	COLUMN_MADE(15, "ldomTableLastChange", VALUE_TIME_TICKS, get_table_change, 0),
	COLUMN_MADE(16, "ldomNextIndex", VALUE_UNSIGNED, get_next_index, INT32_MAX),
	FACT(17, "ldomConfigUnsaved", VALUE_INTEGER, config_unsaved, 0),
	FACT(18, "ldomReadOnly", VALUE_INTEGER, read_only, 0),
	FACT(19, "ldomNotificationsEnabled", VALUE_INTEGER, notifications, 0),
	STATUS(20, "ldomEventsEnabled", VALUE_INTEGER, events, 0),
	COLUMN_MADE(21, "ldomRegistryState", VALUE_INTEGER, get_registry_state, 3),
	STATUS(22, "ldomQueries", VALUE_COUNTER, queries, 0),
	STATUS(23, "ldomQueryFailures", VALUE_COUNTER, query_failures, 0),
	STATUS(24, "ldomQueryTimeouts", VALUE_COUNTER, timeouts, 0),
	STATUS(25, "ldomConnects", VALUE_COUNTER, connects, 0),
	STATUS(26, "ldomDisconnects", VALUE_COUNTER, disconnects, 0),
	STATUS(27, "ldomEvents", VALUE_COUNTER, events_received, 0),
	STATUS(28, "ldomEventsUnknown", VALUE_COUNTER, events_unknown, 0),
	STATUS(29, "ldomDocumentsRefused", VALUE_COUNTER, documents_refused, 0),
	FACT(30, "ldomNotificationsSent", VALUE_COUNTER, notifications_sent, 0),
	FACT(31, "ldomNotificationsDropped", VALUE_COUNTER, notifications_dropped, 0),
	FACT(32, "ldomNotificationsSuppressed", VALUE_COUNTER, notifications_suppressed, 0),
	FACT(33, "ldomSets", VALUE_COUNTER, sets, 0),
	FACT(34, "ldomSetsRefused", VALUE_COUNTER, sets_refused, 0),
	FACT(35, "ldomNotificationsDue", VALUE_COUNTER, notifications_due, 0),
	COLUMN_MADE(36, "ldomLogLinesLost", VALUE_COUNTER, get_log_lines_lost, 0),
	REFUSAL(37, "ldomLastRefusalText", text, 255),
	REFUSAL(38, "ldomLastRefusalObject", object, 64),
	REFUSAL(39, "ldomLastRefusalDomain", domain, 256),
	COLUMN_MADE(40, "ldomLastRefusalError", VALUE_INTEGER, get_refusal_error, 18),
	COLUMN_MADE(41, "ldomLastRefusalTime", VALUE_TIME_TICKS, get_refusal_time, 0),
	/* A SET saves the configuration; a read gives nothing. */
	{COLUMN_OF(42, "ldomSaveConfig", VALUE_OCTETS, ACCESS_WRITE, column_get_constant, 69)},
};

const struct table manager_group = {GROUP_OF(1, columns), .seek = group_seek};
