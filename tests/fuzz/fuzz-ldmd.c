/*
 * A whole ldmd that means harm, against the connection, the refresh and the inventory: answers
 * that change, events, silence and lost connections in any order, and the agent's own calls in
 * between. Whatever it says, what is shown is sorted, whole and within the limits, no number ever
 * stands for another domain, and it ends.
 *
 * An input is a script, so that it can be read. A line that begins with a space or with "<" belongs
 * to the command before it:
 *
 *	=ACTION [DOMAIN]	from now on what follows is the answer to that question
 *	!ACTION			an event
 *	+MS			time passes
 *	x  ~			ldmd hangs up; is silent, or no longer
 *	?NAME  )NAME		somebody waits for that domain; a command on it ends
 *	%NAME  -INDEX		a manager makes that row; gives it up
 *
 * What follows is a document, from "<" on, or a line for each domain, as content-text.h of the unit
 * tests has it; "! WORDS" is a failure.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inventory/diff.h"
#include "inventory/refresh.h"
#include "inventory/registry.h"
#include "ldm/document.h"
#include "ldm/endpoint.h"
#include "util/utf8.h"
#include "picture.h"
#include "util/buffer.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/pollset.h"

const char fuzz_name[] = "ldmd";

#define DOMAINS_MAX 40
#define ANSWERS_MAX 64
/* Nothing that happens at one moment takes more turns, no input more time. */
#define TURNS_MAX 3000
#define SCRIPT_MS 300000
#define IDLE_MS	  60000
/* Of a whole host: a registration, six lists, each some times; for each connection. */
#define QUERIES_MAX 1000

struct text {
	const char *at;
	size_t len;
};

struct known {
	char *name, *uuid;
};

static struct {
	struct refresh *refresh;
	struct registry *registry;
	struct pollset ps;
	int fd; /* ldmd's end */
	struct buffer in, out;
	struct {
		struct text question, body;
	} answers[ANSWERS_MAX];
	size_t n_answers;
	bool silent;
	uint64_t passed_ms;
	size_t n_queries, n_waiting, n_released;
	const struct snapshot *last;
	struct known *known; /* by index */
	size_t n_known;
} f;

/* --- the connection ------------------------------------------------------------------------- */

/* The agent's socket becomes one end of a pair, so no port is needed, and no other thread. */
__attribute__((visibility("default"))) int connect(
	int fd, const struct sockaddr *address, socklen_t len)
{
	int ends[2];

	(void)address;
	(void)len;
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	FUZZ_CHECK(dup3(ends[0], fd, O_CLOEXEC) == fd);
	close(ends[0]);
	if (f.fd >= 0)
		close(f.fd);
	f.fd = ends[1];
	return 0;
}

static void hang_up(void)
{
	if (f.fd >= 0)
		close(f.fd);
	f.fd = -1;
	buffer_clear(&f.in);
	buffer_clear(&f.out);
}

/* --- what ldmd says ------------------------------------------------------------------------- */

static void say(const void *bytes, size_t n)
{
	FUZZ_CHECK(buffer_append(&f.out, bytes, n) == 0);
}

static void say_text(struct text t)
{
	say(t.at, t.len);
}

#define SAY(literal) say(literal, sizeof(literal) - 1)

static struct text cut(struct text *rest, char at)
{
	const char *end = memchr(rest->at, at, rest->len);
	struct text t = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
	size_t used = t.len + (end != NULL);

	rest->at += used;
	rest->len -= used;
	return t;
}

static struct text trim(struct text t)
{
	for (; t.len > 0 && *t.at == ' '; t.len--)
		t.at++;
	while (t.len > 0 && t.at[t.len - 1] == ' ')
		t.len--;
	return t;
}

static bool is(struct text t, const char *what)
{
	return t.len == strlen(what) && memcmp(t.at, what, t.len) == 0;
}

static void say_element(const char *name, struct text value)
{
	FUZZ_CHECK(buffer_printf(&f.out, "<%s>", name) == 0);
	say_text(value);
	FUZZ_CHECK(buffer_printf(&f.out, "</%s>", name) == 0);
}

static void say_property(struct text word)
{
	struct text key = cut(&word, '=');

	if (is(key, "units")) {
		say_element("rasd:AllocationUnits", word);
	} else if (is(key, "address")) {
		say_element("rasd:Address", word);
	} else if (is(key, "uuid")) {
		say_element("uuid", word);
	} else {
		SAY("<gprop:GenericProperty key=\"");
		say_text(key);
		SAY("\">");
		say_text(word);
		SAY("</gprop:GenericProperty>");
	}
}

static void say_item(struct text part)
{
	say_element("rasd:OtherResourceType", cut(&part, ' '));
	while (part.len > 0)
		say_property(cut(&part, ' '));
}

/* "name | resource property=value ... | + binding ..." */
static void say_domain(struct text line)
{
	struct text name = trim(cut(&line, '|'));

	SAY("<Envelope><Content id=\"");
	say_text(is(name, "-") ? (struct text){"", 0} : name);
	SAY("\">");
	while (line.len > 0) {
		struct text part = trim(cut(&line, '|'));
		bool bound = part.len > 1 && *part.at == '+';

		if (bound)
			part = trim((struct text){part.at + 1, part.len - 1});
		SAY("<Section><Item>");
		if (bound)
			SAY("<rasd:OtherResourceType>bound</rasd:OtherResourceType>"
			    "<bind:Binding><Item>");
		say_item(part);
		if (bound)
			SAY("</Item></bind:Binding>");
		SAY("</Item></Section>");
	}
	SAY("</Content></Envelope>");
}

static void say_failure(struct text words)
{
	SAY("<response><status>failure</status><resp_msg>");
	say_text(words);
	SAY("</resp_msg></response>");
}

static void say_lines(struct text body)
{
	while (body.len > 0) {
		struct text line = trim(cut(&body, '\n'));

		if (line.len > 0 && *line.at == '!')
			say_failure((struct text){line.at + 1, line.len - 1});
		else if (line.len > 0)
			say_domain(line);
	}
}

static void say_document(const char *root, struct text action, struct text body)
{
	if (body.len > 0 && *body.at == '<') {
		say_text(body);
		return;
	}
	FUZZ_CHECK(buffer_printf(&f.out, "<%s><cmd>", root) == 0);
	say_element("action", action);
	SAY("<data version=\"3.0\">");
	say_lines(body);
	SAY("</data></cmd>");
	FUZZ_CHECK(buffer_printf(&f.out, "</%s>\n", root) == 0);
}

/* --- what it is asked ----------------------------------------------------------------------- */

struct question {
	char *domain;
};

static int on_content(void *user, const struct ldm_content *content, bool ok, const char *message)
{
	struct question *q = user;

	(void)ok;
	(void)message;
	if (content->domain && !q->domain)
		FUZZ_CHECK((q->domain = strdup(content->domain)));
	return 0;
}

static bool is_question(struct text t, const char *action, const char *domain)
{
	struct text first = cut(&t, ' ');

	return is(first, action) && is(t, domain ? domain : "");
}

static struct text find_answer(const char *action, const char *domain)
{
	for (size_t i = f.n_answers; i > 0; i--)
		if (is_question(f.answers[i - 1].question, action, domain))
			return f.answers[i - 1].body;
	return domain ? find_answer(action, NULL) : (struct text){"", 0};
}

/* Whatever names ldmd has made us ask for, what we send is a document. */
static void answer(const char *request, size_t len)
{
	const struct ldm_document_ops ops = {.on_content = on_content};
	_cleanup_free_ char *error = NULL;
	struct question q = {NULL};
	struct ldm_document d;

	FUZZ_CHECK(ldm_document_parse(request, len, NULL, &ops, &q, &d, &error) == 0);
	FUZZ_CHECK(d.kind == LDM_DOCUMENT_REPLY && d.reply.action);
	f.n_queries++;
	say_document("LDM_interface", (struct text){d.reply.action, strlen(d.reply.action)},
		find_answer(d.reply.action, q.domain));
	free(q.domain);
	ldm_document_clear(&d);
}

static void listen_to_agent(void)
{
	static const char end[] = "</LDM_interface>";
	char *room;
	ssize_t n;

	do {
		FUZZ_CHECK(buffer_reserve(&f.in, 4096, &room) == 0);
		n = f.fd >= 0 ? recv(f.fd, room, 4096, 0) : 0;
		buffer_commit(&f.in, n > 0 ? (size_t)n : 0);
	} while (n > 0);
	for (;;) {
		const char *in = buffer_data(&f.in);
		const char *at = f.silent ? NULL : memmem(in, f.in.len, end, sizeof(end) - 1);
		size_t len = at ? (size_t)(at - in) + sizeof(end) - 1 : 0;

		if (!at)
			break;
		answer(in, len);
		buffer_consume(&f.in, len);
	}
}

static void talk_to_agent(void)
{
	while (f.fd >= 0 && f.out.len > 0) {
		ssize_t n = send(f.fd, buffer_data(&f.out), f.out.len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		buffer_consume(&f.out, (size_t)n);
	}
	/* What would be said to nobody. */
	if (f.fd < 0)
		buffer_reset(&f.out);
}

/* --- what is shown -------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void set(char **text, const char *value)
{
	free(*text);
	*text = value ? strdup(value) : NULL;
}

/* A number stands for one UUID for ever; without one, for one name. */
static void check_identity(const struct domain *d)
{
	FUZZ_CHECK(d->index > 0 && d->index < 1 << 20);
	if (d->index >= f.n_known) {
		size_t n = d->index + 64;

		f.known = reallocarray(f.known, n, sizeof(*f.known));
		FUZZ_CHECK(f.known);
		memset(f.known + f.n_known, 0, (n - f.n_known) * sizeof(*f.known));
		f.n_known = n;
	}
	struct known *k = &f.known[d->index];

	FUZZ_CHECK(!k->name || (k->uuid && d->uuid) || same(k->name, d->name));
	FUZZ_CHECK(!k->uuid || !d->uuid || same(k->uuid, d->uuid));
	set(&k->name, d->name);
	if (d->uuid)
		set(&k->uuid, d->uuid);
}

static void check_domain(const struct snapshot *s, const struct domain *d)
{
	FUZZ_CHECK(*d->name && strlen(d->name) <= 256 && utf8_is_text(d->name));
	FUZZ_CHECK(!d->uuid || strlen(d->uuid) == 36);
	FUZZ_CHECK(d->index < s->next_index);
	FUZZ_CHECK(snapshot_find_index(s, d->index) == d && snapshot_find_name(s, d->name) == d);
	check_identity(d);
}

static void check_snapshot(const struct snapshot *s)
{
	size_t n_active = 0;

	FUZZ_CHECK(!f.last || s->serial > f.last->serial);
	FUZZ_CHECK(!f.last || s->next_index >= f.last->next_index);
	for (size_t i = 0; i < s->n_domains; i++) {
		FUZZ_CHECK(i == 0 || s->domains[i - 1]->index < s->domains[i]->index);
		FUZZ_CHECK(i == 0 || strcmp(s->by_name[i - 1]->name, s->by_name[i]->name) < 0);
		check_domain(s, s->domains[i]);
		n_active += s->domains[i]->row_status == ROW_ACTIVE;
	}
	FUZZ_CHECK(n_active == s->n_active_rows);
	/* A domain stays over an answer that is older than the end of a command on it. */
	FUZZ_CHECK(n_active <= DOMAINS_MAX + f.n_released);
}

static void on_snapshot(void *user, const struct snapshot *s)
{
	struct change_list list = {.n = 0};
	uint64_t dropped = 0;

	(void)user;
	FUZZ_CHECK(s == refresh_snapshot(f.refresh));
	check_snapshot(s);
	/* The dearest of all checks, and the last picture is walked in any case. */
	if (s->serial % 8 == 1)
		picture_walk(s, NULL, clock_ms());
	FUZZ_CHECK(snapshot_diff(f.last, s, 100, &list, &dropped) == 0 && list.n <= 100);
	change_list_clear(&list);
	snapshot_ref(s);
	snapshot_unref(f.last);
	f.last = s;
}

static void on_status(void *user, const struct ldm_status *status)
{
	(void)user;
	FUZZ_CHECK(status->link >= LINK_UP && status->link <= LINK_SLOW);
	FUZZ_CHECK(!status->last_error || utf8_is_text(status->last_error));
	FUZZ_CHECK(status->query_failures <= status->queries);
}

/* What somebody waited for is in the picture he is given, and in the one that is shown. */
static void on_domain(void *user, int err, const struct domain *domain, const struct snapshot *s)
{
	const char *name = user;

	FUZZ_CHECK(f.n_waiting-- > 0);
	FUZZ_CHECK(err <= 0 && (err == 0 || !domain));
	if (domain)
		FUZZ_CHECK(s && snapshot_find_name(s, name) == domain);
	free(user);
}

/* --- time ----------------------------------------------------------------------------------- */

/* Whether there is more to do at this moment. */
static bool turn(void)
{
	int n;

	pollset_reset(&f.ps);
	FUZZ_CHECK(refresh_prepare(f.refresh, &f.ps, clock_ms()) == 0);
	n = poll(f.ps.fds, f.ps.n, 0);
	refresh_dispatch(f.refresh, &f.ps, clock_ms());
	listen_to_agent();
	talk_to_agent();
	return n > 0 || f.ps.deadline_ms <= clock_ms();
}

static void until_quiet(void)
{
	for (int i = 0; turn(); i++)
		FUZZ_CHECK(i < TURNS_MAX);
}

static void pass(uint64_t ms)
{
	uint64_t end = clock_ms() + ms;

	for (uint64_t now = clock_ms(); now < end; now = clock_ms()) {
		uint64_t next = f.ps.deadline_ms < end ? f.ps.deadline_ms : end;

		fuzz_advance_clock(next > now ? next - now : 1);
		until_quiet();
	}
}

/* --- the script ----------------------------------------------------------------------------- */

static uint32_t number(struct text t, uint32_t max)
{
	uint32_t n = 0;

	for (; t.len > 0 && *t.at >= '0' && *t.at <= '9' && n < max; t.len--)
		n = 10 * n + (uint32_t)(*t.at++ - '0');
	return n < max ? n : max;
}

static void let_time_pass(uint32_t ms)
{
	if (f.passed_ms + ms > SCRIPT_MS)
		return;
	f.passed_ms += ms;
	pass(ms);
}

static void wait_for(const char *name)
{
	char *copy = strdup(name);

	f.n_waiting++;
	if (refresh_domain_now(f.refresh, name, on_domain, copy) == 0)
		return;
	f.n_waiting--;
	free(copy);
}

static void make_row(const char *name)
{
	struct domain *d;
	uint32_t index;

	/* As in control/new-rows.c; names are checked before they come here. */
	if (!*name || strlen(name) > 64 || !utf8_is_text(name))
		return;
	if (registry_reserve(f.registry, name, 0, &index) < 0)
		return;
	FUZZ_CHECK(domain_new(name, &d) == 0);
	d->index = index;
	d->row_status = ROW_NOT_READY;
	if (refresh_put_row(f.refresh, d) < 0)
		registry_release(f.registry, index);
}

static void give_up_row(uint32_t index)
{
	const struct domain *d = snapshot_find_index(f.last, index);

	if (!d || d->row_status == ROW_ACTIVE)
		return;
	(void)refresh_drop_row(f.refresh, index);
	registry_release(f.registry, index);
}

static void set_answer(struct text question, struct text body)
{
	if (f.n_answers < ANSWERS_MAX) {
		f.answers[f.n_answers].question = question;
		f.answers[f.n_answers++].body = body;
	}
}

static void run_with_name(char command, struct text argument)
{
	_cleanup_free_ char *name = strndup(argument.at, argument.len);

	FUZZ_CHECK(name);
	switch (command) {
	case '?':
		wait_for(name);
		break;
	case ')':
		refresh_command_ended(f.refresh, name);
		f.n_released++;
		break;
	case '%':
		make_row(name);
		break;
	}
}

static void run_command(char command, struct text argument, struct text body)
{
	switch (command) {
	case '=':
		set_answer(argument, body);
		break;
	case '!':
		say_document("LDM_event", argument, body);
		break;
	case '+':
		let_time_pass(number(argument, 100000));
		break;
	case 'x':
		hang_up();
		break;
	case '~':
		f.silent = !f.silent;
		break;
	case '-':
		give_up_row(number(argument, 1 << 20));
		break;
	default:
		run_with_name(command, argument);
	}
}

static struct text cut_body(struct text *script)
{
	struct text body = {script->at, 0};

	while (script->len > 0 && (*script->at == ' ' || *script->at == '<'))
		(void)cut(script, '\n');
	body.len = (size_t)(script->at - body.at);
	return body;
}

static void run_script(struct text script)
{
	while (script.len > 0) {
		struct text line = cut(&script, '\n');
		struct text body = cut_body(&script);

		if (line.len == 0)
			continue;
		run_command(*line.at, (struct text){line.at + 1, line.len - 1}, body);
		talk_to_agent();
		until_quiet();
	}
}

/* --- one input ------------------------------------------------------------------------------ */

static void begin(struct ldm_endpoint *endpoint)
{
	static const struct refresh_ops ops = {.on_snapshot = on_snapshot, .on_status = on_status};
	struct refresh_config config;

	memset(&f, 0, sizeof(f));
	f.fd = -1;
	f.ps = POLLSET_EMPTY;
	fuzz_empty_directory();
	FUZZ_CHECK(registry_open(fuzz_directory(), false, &f.registry) == 0);
	refresh_config_init(&config, true);
	config.max_domains = DOMAINS_MAX;
	FUZZ_CHECK(refresh_new(&config, endpoint, f.registry, &ops, NULL, &f.refresh) == 0);
}

/* Left alone with whatever ldmd has become it comes to rest, and nobody waits for ever. */
static void come_to_rest(void)
{
	pass(15000);
	f.n_queries = 0;
	pass(IDLE_MS);
	FUZZ_CHECK(f.n_queries < QUERIES_MAX);
	FUZZ_CHECK(f.n_waiting == 0);
	if (f.last)
		picture_walk(f.last, NULL, clock_ms());
}

/*
 * After a sudden end, everything that was shown still has its number; but for a domain that got a
 * UUID by an answer that could not be used.
 */
static void check_registry(void)
{
	uint32_t index;

	registry_free(f.registry);
	FUZZ_CHECK(registry_open(fuzz_directory(), false, &f.registry) == 0);
	FUZZ_CHECK(!f.last || registry_next_index(f.registry) >= f.last->next_index);
	for (size_t i = 0; f.last && i < f.last->n_domains; i++) {
		const struct domain *d = f.last->domains[i];

		FUZZ_CHECK(registry_assign(f.registry, d->uuid, d->name, &index) == 0);
		FUZZ_CHECK(index == d->index || !d->uuid);
	}
	registry_free(f.registry);
}

static void end(void)
{
	refresh_free(f.refresh);
	check_registry();
	hang_up();
	pollset_clear(&f.ps);
	snapshot_unref(f.last);
	for (size_t i = 0; i < f.n_known; i++) {
		free(f.known[i].name);
		free(f.known[i].uuid);
	}
	free(f.known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(ldm_endpoint_freep) struct ldm_endpoint *endpoint = NULL;

	fuzz_stop_clock();
	FUZZ_CHECK(ldm_endpoint_parse("plain:127.0.0.1:6482", &endpoint) == 0);
	begin(endpoint);
	run_script((struct text){(const char *)data, size});
	come_to_rest();
	end();
	return 0;
}
