/*
 * The manager scalars: the agent, its link to ldmd, and its counters. They are served also when the
 * inventory is too old, and tell why it is.
 */
#include "tables/tables.h"

#include <stddef.h>

#include "control/control.h"
#include "control/oplog.h"
#include "util/log.h"

/* ldomRegistryState */
enum { REGISTRY_OK = 1, REGISTRY_RECOVERED = 2, REGISTRY_WRITE_FAILED = 3 };

/* 0: ldmd does not tell its version over this interface. */
static void get_not_told(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_integer(ret, 0);
}

static void get_agent_version(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)r;
	value_set_text(ret, v->facts->version, c->max);
}

static void get_up_time(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_ticks(ret, v->now_ms - v->facts->started_ms);
}

static void get_link_state(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	/* 0 until the ldm thread said something. */
	enum link_state link = v->status->link;
	value_set_integer(ret, (int32_t)(link ? link : LINK_CONNECTING));
}

static void get_link_change(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_ticks(ret, view_timestamp_ms(v, v->status->link_changed_ms));
}

static void get_last_error(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)r;
	value_set_text(ret, v->status->last_error, c->max);
}

static void get_data_age(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	uint64_t taken = v->taken_ms;
	if (taken == 0)
		value_set_unsigned(ret, UINT32_MAX);
	else
		value_set_unsigned(ret, taken < v->now_ms ? (v->now_ms - taken) / 10 : 0);
}

static void get_interval(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	uint64_t now = v->status->interval_ms;
	value_set_unsigned(ret, now ? now : v->facts->refresh_interval_ms);
}

static void get_interval_min(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_unsigned(ret, v->facts->refresh_interval_ms);
}

static void get_stale_after(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	/* Rounded up: 0 is "never". */
	value_set_unsigned(ret, (v->facts->stale_after_ms + 999) / 1000);
}

static void get_set_wait(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_unsigned(ret, v->facts->set_wait_ms);
}

static void get_number(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_unsigned(ret, v->snapshot ? v->snapshot->n_active_rows : 0);
}

static void get_table_change(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	uint64_t at = v->snapshot ? v->snapshot->table_last_change_ms : 0;
	uint64_t operations = v->snapshot ? oplog_view_changed_ms(v->operations) : 0;
	if (operations > at)
		at = operations;
	value_set_ticks(ret, view_timestamp_ms(v, at));
}

static void get_next_index(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_unsigned(ret, v->snapshot ? v->snapshot->next_index : 0);
}

static void get_registry_state(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_integer(ret, v->status->registry_failed      ? REGISTRY_WRITE_FAILED
			       : v->status->registry_recovered ? REGISTRY_RECOVERED
							       : REGISTRY_OK);
}

static void get_log_lines_lost(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_counter(ret, log_lines_lost());
}

/* Plain members, found by the column's offset: in the status, or in the facts. */
static void from_status(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)r;
	const struct row row = {.object = v->status};
	if (c->type == VALUE_INTEGER)
		column_get_bool(c, v, &row, ret);
	else
		column_get_u64(c, v, &row, ret);
}

static void from_facts(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)r;
	const struct row row = {.object = v->facts};
	if (c->type == VALUE_INTEGER)
		column_get_bool(c, v, &row, ret);
	else
		column_get_u64(c, v, &row, ret);
}

/* --- why the last SET was refused ------------------------------------------------------------ */

static const struct control_refusal *refusal_of(const struct view *v)
{
	static const struct control_refusal none = {.error = CONTROL_OK};

	return v->facts->last_refusal ? v->facts->last_refusal : &none;
}

static void get_refusal_text(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)r;
	value_set_text(ret, refusal_of(v)->text, c->max);
}

static void get_refusal_object(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)r;
	value_set_text(ret, refusal_of(v)->object, c->max);
}

static void get_refusal_domain(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)r;
	value_set_text(ret, refusal_of(v)->domain, c->max);
}

static void get_refusal_error(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_integer(ret, (int32_t)refusal_of(v)->error);
}

static void get_refusal_time(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)r;
	value_set_ticks(ret, view_timestamp_ms(v, refusal_of(v)->at_ms));
}

/* An order, of which nothing is to be read. */
static void get_nothing(
	const struct column *c, const struct view *v, const struct row *r, struct value *ret)
{
	(void)c, (void)v, (void)r;
	value_set_text(ret, NULL, 0);
}

#define OWN(id, name, type, get, max)                                                              \
	{                                                                                          \
		id, name, type, ACCESS_READ, get, 0, max                                           \
	}
#define STATUS(id, name, type, member)                                                             \
	{                                                                                          \
		id, name, type, ACCESS_READ, from_status, offsetof(struct ldm_status, member), 0   \
	}
#define FACT(id, name, type, member)                                                               \
	{                                                                                          \
		id, name, type, ACCESS_READ, from_facts, offsetof(struct agent_facts, member), 0   \
	}

static const struct column columns[] = {
	OWN(1, "ldomVersionMajor", VALUE_INTEGER, get_not_told, INT32_MAX),
	OWN(2, "ldomVersionMinor", VALUE_INTEGER, get_not_told, INT32_MAX),
	OWN(3, "ldomAgentVersion", VALUE_OCTETS, get_agent_version, 255),
	OWN(4, "ldomAgentUpTime", VALUE_TIME_TICKS, get_up_time, 0),
	OWN(5, "ldomLinkState", VALUE_INTEGER, get_link_state, 5),
	OWN(6, "ldomLinkLastChange", VALUE_TIME_TICKS, get_link_change, 0),
	OWN(7, "ldomLinkLastError", VALUE_OCTETS, get_last_error, 255),
	OWN(8, "ldomDataAge", VALUE_UNSIGNED, get_data_age, 0),
	OWN(9, "ldomRefreshInterval", VALUE_UNSIGNED, get_interval, 0),
	OWN(10, "ldomRefreshIntervalMin", VALUE_UNSIGNED, get_interval_min, 0),
	STATUS(11, "ldomRefreshDuration", VALUE_UNSIGNED, last_duration_ms),
	OWN(12, "ldomStaleAfter", VALUE_UNSIGNED, get_stale_after, 0),
	OWN(13, "ldomSetWait", VALUE_UNSIGNED, get_set_wait, 0),
	OWN(14, "ldomNumber", VALUE_UNSIGNED, get_number, 0),
	OWN(15, "ldomTableLastChange", VALUE_TIME_TICKS, get_table_change, 0),
	OWN(16, "ldomNextIndex", VALUE_UNSIGNED, get_next_index, INT32_MAX),
	FACT(17, "ldomConfigUnsaved", VALUE_INTEGER, config_unsaved),
	FACT(18, "ldomReadOnly", VALUE_INTEGER, read_only),
	FACT(19, "ldomNotificationsEnabled", VALUE_INTEGER, notifications),
	STATUS(20, "ldomEventsEnabled", VALUE_INTEGER, events),
	OWN(21, "ldomRegistryState", VALUE_INTEGER, get_registry_state, 3),
	STATUS(22, "ldomQueries", VALUE_COUNTER, queries),
	STATUS(23, "ldomQueryFailures", VALUE_COUNTER, query_failures),
	STATUS(24, "ldomQueryTimeouts", VALUE_COUNTER, timeouts),
	STATUS(25, "ldomConnects", VALUE_COUNTER, connects),
	STATUS(26, "ldomDisconnects", VALUE_COUNTER, disconnects),
	STATUS(27, "ldomEvents", VALUE_COUNTER, events_received),
	STATUS(28, "ldomEventsUnknown", VALUE_COUNTER, events_unknown),
	STATUS(29, "ldomDocumentsRefused", VALUE_COUNTER, documents_refused),
	FACT(30, "ldomNotificationsSent", VALUE_COUNTER, notifications_sent),
	FACT(31, "ldomNotificationsDropped", VALUE_COUNTER, notifications_dropped),
	FACT(32, "ldomNotificationsSuppressed", VALUE_COUNTER, notifications_suppressed),
	FACT(33, "ldomSets", VALUE_COUNTER, sets),
	FACT(34, "ldomSetsRefused", VALUE_COUNTER, sets_refused),
	FACT(35, "ldomNotificationsDue", VALUE_COUNTER, notifications_due),
	OWN(36, "ldomLogLinesLost", VALUE_COUNTER, get_log_lines_lost, 0),
	OWN(37, "ldomLastRefusalText", VALUE_OCTETS, get_refusal_text, 255),
	OWN(38, "ldomLastRefusalObject", VALUE_OCTETS, get_refusal_object, 64),
	OWN(39, "ldomLastRefusalDomain", VALUE_OCTETS, get_refusal_domain, 256),
	OWN(40, "ldomLastRefusalError", VALUE_INTEGER, get_refusal_error, 18),
	OWN(41, "ldomLastRefusalTime", VALUE_TIME_TICKS, get_refusal_time, 0),
	{42, "ldomSaveConfig", VALUE_OCTETS, ACCESS_WRITE, get_nothing, 0, 69},
};

const struct table manager_group = {
	.name = "ldomManager",
	.arc = {1, 1},
	.arc_len = 2,
	.index_len = 1,
	.columns = columns,
	.n_columns = sizeof(columns) / sizeof(columns[0]),
	.seek = group_seek,
};
