/*
 * Building event documents and handing them to the connections that registered.
 */
#include "events.h"

#include <string.h>

#include "reply.h"
#include "say.h"
#include "sim.h"
#include "stream.h"
#include "wire.h"

static void write_event(struct sim *sim, const char *name, const struct object *object,
	bool version2, struct buf *out)
{
	const struct subject subject = {name, object->name, MOMENT_EVENT};
	struct style style;
	struct wire wire;

	style_choose(&style, sim, &subject, version2);
	wire_init(&wire, &style);
	wire_root(&wire, "LDM_event", "1.1");
	wire_begin(&wire, "cmd");
	wire_text(&wire, "action", name);
	wire_data_begin(&wire);
	wire_object(&wire, object);
	wire_finish(&wire, out);
}

static void send_event(
	struct sim *sim, struct conn *conn, const char *name, const struct object *object)
{
	struct buf text = {0};

	write_event(sim, name, object, conn->events_v2, &text);
	conn_send(conn, text.data, text.len);
	buf_free(&text);
	sim->journal.events++;
}

static struct object *harmless(const struct sim *sim)
{
	return object_new(sim->host.control ? sim->host.control->name : "primary");
}

/* As send_event(), as the faults of the moment will have it. */
static void say_event(struct sim *sim, struct conn *conn, enum fault_moment moment,
	const char *name, const struct object *object)
{
	const struct fault *storm = fault_at(&sim->faults, FAULT_EVENT_STORM, moment, object->name);
	struct buf text = {0}, wrong = {0}, more = {0};

	for (long i = 0; storm && i < (long)storm->number; i++)
		send_event(sim, conn, name, object);
	reply_write_unasked(&wrong);
	event_write_unasked(sim, &more);
	write_event(sim, name, object, conn->events_v2, &text);
	say(conn,
		&(const struct saying){
			.moment = moment,
			.domain = object->name,
			.refusal = stream_error,
			.no_rights = stream_no_rights,
			.wrong = wrong.data,
			.more = more.data,
		},
		&text);
	sim->journal.events++;
	buf_free(&wrong);
	buf_free(&more);
}

static void publish(
	struct sim *sim, unsigned category, const char *name, const struct object *object)
{
	struct conn *conn;

	sim->dirty = true;
	if (fault_hit(&sim->faults, FAULT_NO_EVENTS, name, object->name) ||
		fault_at(&sim->faults, FAULT_NO_EVENTS, MOMENT_EVENT, object->name))
		return;
	TAILQ_FOREACH (conn, &sim->server.conns, entry)
		if (!conn->dead && (conn->events & category))
			say_event(sim, conn, MOMENT_EVENT, name, object);
}

void event_domain(struct sim *sim, const char *name, const char *domain)
{
	struct object *object = object_new(domain);

	publish(sim, EVENTS_DOMAIN, name, object);
	object_free(object);
}

void event_resource(struct sim *sim, const char *name, const char *domain, const char *type,
	const char *service)
{
	struct object *object = object_new(domain);

	if (service)
		resource_set(object_add(object, type), "service_name", service);
	publish(sim, EVENTS_RESOURCE, name, object);
	object_free(object);
}

void event_hardware(struct sim *sim, const char *name, const char *spconfig)
{
	struct object *object = object_new(NULL);

	resource_set(object_add(object, "spconfig"), "spconfig_name", spconfig);
	publish(sim, EVENTS_HARDWARE, name, object);
	object_free(object);
}

void event_progress(struct sim *sim, const char *domain, unsigned percent, const char *status,
	const char *source)
{
	struct object *object = object_new(domain);
	struct resource *info = object_add(object, "ldom_info");

	resource_setf(info, "progress", "%u%%", percent);
	resource_set(info, "status", status);
	resource_set(info, "source", source);
	publish(sim, EVENTS_HARDWARE, "migration-process", object);
	object_free(object);
}

void event_poke(struct sim *sim)
{
	struct object *object = harmless(sim);
	struct conn *conn;

	TAILQ_FOREACH (conn, &sim->server.conns, entry)
		if (!conn->dead && conn->state == CONN_READY)
			say_event(sim, conn, MOMENT_IDLE, "set-variable", object);
	object_free(object);
}

void event_unasked(struct sim *sim, struct conn *conn)
{
	struct object *object = harmless(sim);

	send_event(sim, conn, "set-variable", object);
	object_free(object);
}

void event_write_unasked(struct sim *sim, struct buf *out)
{
	struct object *object = harmless(sim);

	write_event(sim, "set-variable", object, false, out);
	object_free(object);
	sim->journal.events++;
}

unsigned events_registration(unsigned mask, const char *action)
{
	bool off = strncmp(action, "un", 2) == 0;
	unsigned what = EVENTS_ALL;

	if (strstr(action, "domain"))
		what = EVENTS_DOMAIN;
	else if (strstr(action, "resource"))
		what = EVENTS_RESOURCE;
	else if (strstr(action, "hardware"))
		what = EVENTS_HARDWARE;
	return off ? mask & ~what : mask | what;
}
