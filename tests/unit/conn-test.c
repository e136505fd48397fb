/*
 * A connection against a server that is slow, late, wrong, or gone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-server.h"
#include "ldm/conn.h"
#include "test.h"
#include "util/clock.h"

#define REPLY(action, inner)                                                                       \
	"<LDM_interface version=\"1.3\"><cmd><action>" action "</action>" inner                    \
	"<response><status>success</status></response></cmd><response><status>success</status>"    \
	"</response></LDM_interface>"
#define DOMAIN(name)                                                                               \
	"<data version=\"3.0\"><Envelope><References/><Content ovf:id=\"" name "\"/></Envelope>"   \
	"<response><status>success</status></response></data>"
#define EVENT(action, name)                                                                        \
	"<LDM_event version=\"1.1\"><cmd><action>" action                                          \
	"</action>" DOMAIN(name) "</cmd></LDM_event>"
#define END_OF_REQUEST "</LDM_interface>"

/* Solaris. */
#ifndef TCP_USER_TIMEOUT
#define TCP_USER_TIMEOUT TCP_ABORT_THRESHOLD
#endif

static void check(void (*script)(struct fake *), void (*test)(struct client *))
{
	struct fake f = {0};
	struct client c;
	struct ldm_endpoint *e;

	fake_start(&f, script, 2);
	e = client_endpoint("plain", f.port);
	e->handshake_timeout_ms = 5000;
	client_start(&c, e);
	test(&c);
	client_stop(&c);
	fake_stop(&f);
	ldm_endpoint_free(e);
}

static void expect_seen(struct client *c, const char *wanted)
{
	assert_string_equal(buffer_data(&c->seen), wanted);
	buffer_reset(&c->seen);
}

static void answer_in_turn(struct fake *f)
{
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, REPLY("list-domain", DOMAIN("primary") DOMAIN("rose")));
	fake_expect(f, END_OF_REQUEST);
	fake_whisper(f, "\n<?xml version='1.0'?>\n" REPLY("list-bindings", DOMAIN("rose")) "\n");
	/* An event before and one behind the answer, all in one write. */
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, EVENT("bind-domain", "rose") REPLY("list-services", "")
			    EVENT("start-domain", "rose"));
	/* A failure. */
	fake_expect(f, END_OF_REQUEST);
	fake_say(f,
		"<LDM_interface><cmd><action>list-domain</action><data>"
		"<response><status>failure</status><resp_msg>LDom \"x\" was not found</resp_msg>"
		"</response></data></cmd></LDM_interface>");
	fake_wait(f);
}

static void test_answers(struct client *c)
{
	client_ask(c, "list-domain", NULL, 5000);
	client_ask(c, "list-bindings", "rose", 5000);
	client_run(c, "done list-bindings");
	expect_seen(c, "ready;content primary ok;content rose ok;done list-domain ok sent ;"
		       "content rose ok;done list-bindings ok sent ;");
	client_ask(c, "list-services", NULL, 5000);
	client_run(c, "event start-domain");
	expect_seen(c, "event bind-domain rose;done list-services ok sent ;"
		       "event start-domain rose;");
	client_ask(c, "list-domain", "x", 5000);
	client_run(c, "done");
	expect_seen(c, "done list-domain failed sent LDom \"x\" was not found;");
}

static void test_turns(void **state)
{
	(void)state;
	check(answer_in_turn, test_answers);
}

/* The next request must not leave before the answer is there. */
static void answer_after_a_look(struct fake *f)
{
	char byte;

	fake_expect(f, END_OF_REQUEST);
	usleep(50000);
	if (f->heard.len > 1 || recv(f->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) > 0)
		return;
	fake_say(f, REPLY("list-domain", ""));
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, REPLY("list-domain", ""));
	fake_wait(f);
}

static void ask_twice(struct client *c)
{
	client_ask(c, "list-domain", NULL, 5000);
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "done list-domain ok sent ;done list-domain ok sent ;");
}

static void test_one_at_a_time(void **state)
{
	(void)state;
	check(answer_after_a_look, ask_twice);
}

static void say_nothing(struct fake *f)
{
	fake_wait(f);
}

static void time_out(struct client *c)
{
	uint64_t before = clock_ms();

	client_ask(c, "list-domain", NULL, 100);
	client_ask(c, "list-services", NULL, 100);
	client_run(c, "closed");
	assert_true(clock_ms() - before >= 100);
	expect_seen(c,
		"ready;done list-domain Connection timed out sent no answer to list-domain in time;"
		"done list-services Connection reset by peer unsent no answer to list-domain in "
		"time;"
		"closed timeout Connection timed out no answer to list-domain in time;");
	assert_int_equal(ldm_conn_get_state(c->conn), LDM_CONN_CLOSED);
}

static void test_late(void **state)
{
	(void)state;
	check(say_nothing, time_out);
}

static void answer_something_else(struct fake *f)
{
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, REPLY("list-services", DOMAIN("rose")));
	fake_wait(f);
}

static void expect_mismatch(struct client *c)
{
	client_ask(c, "list-domain", NULL, 5000);
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "closed");
	expect_seen(c, "ready;done list-domain Protocol error sent ldmd answers list-services, but "
		       "was asked "
		       "list-domain;done list-domain Connection reset by peer unsent ldmd answers "
		       "list-services, but was asked list-domain;closed protocol Protocol error "
		       "ldmd answers "
		       "list-services, but was asked list-domain;");
}

static void test_wrong_action(void **state)
{
	(void)state;
	check(answer_something_else, expect_mismatch);
}

static void answer_unasked(struct fake *f)
{
	fake_say(f, REPLY("list-domain", DOMAIN("rose")));
	fake_wait(f);
}

static void expect_unasked(struct client *c)
{
	client_run(c, "closed");
	expect_seen(c, "ready;closed protocol Protocol error ldmd answers list-domain, but was "
		       "asked nothing;");
}

static void test_unasked(void **state)
{
	(void)state;
	check(answer_unasked, expect_unasked);
}

static void close_within(struct fake *f)
{
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, "<LDM_interface><cmd><action>list-domain</action>" DOMAIN("rose"));
}

static void expect_close_within(struct client *c)
{
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "closed");
	expect_seen(c, "ready;done list-domain Connection reset by peer sent ldmd closed the "
		       "connection within a document;closed peer Connection reset by peer ldmd "
		       "closed the connection within a document;");
	/* And once more, over the same object. */
	assert_int_equal(ldm_conn_open(c->conn), 0);
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "closed peer");
}

static void test_close_within(void **state)
{
	(void)state;
	check(close_within, expect_close_within);
}

static void answer_badly(struct fake *f)
{
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, "<LDM_interface><cmd><action>list-domain</action>" DOMAIN(
			    "rose") "<a></b></cmd></LDM_interface>");
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, "<LDM_event><cmd><a></b></cmd></LDM_event>" REPLY(
			    "list-domain", DOMAIN("bad") DOMAIN("next")));
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, "<message><LDM_interface/></message>" REPLY("list-domain", ""));
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, "<!DOCTYPE x>");
	fake_wait(f);
}

static void expect_badly(struct client *c)
{
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "done");
	assert_non_null(strstr(buffer_data(&c->seen), "done list-domain Bad message sent "));
	assert_non_null(strstr(buffer_data(&c->seen), "line 1"));
	buffer_reset(&c->seen);
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "done");
	expect_seen(c, "content bad ok;done list-domain Invalid cross-device link sent not taken;");
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "done");
	expect_seen(c, "done list-domain ok sent ;");
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "closed");
	assert_non_null(
		strstr(buffer_data(&c->seen), "done list-domain Bad message sent a document type"));
}

static void test_bad_documents(void **state)
{
	(void)state;
	check(answer_badly, expect_badly);
}

/* As the guides from 1.2 to 3.6 print it: the data is closed twice. */
static void answer_as_printed(struct fake *f)
{
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, "<LDM_interface version=\"1.3\"><cmd><action>reg-all-events</action>"
		    "<data version=\"3.0\"/><response><status>success</status></response></data>"
		    "<response><status>success</status></response></cmd><response>"
		    "<status>success</status></response></LDM_interface>");
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, REPLY("list-domain", DOMAIN("rose")));
	fake_wait(f);
}

/* The request fails, with the name of its answer; the connection stays, and the next one is had. */
static void expect_the_next(struct client *c)
{
	client_ask(c, "reg-all-events", NULL, 5000);
	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "done list-domain ok");
	assert_non_null(strstr(buffer_data(&c->seen),
		"done reg-all-events Bad message sent the answer to reg-all-events: "));
	assert_non_null(strstr(buffer_data(&c->seen), ";content rose ok;done list-domain ok"));
	assert_int_equal(ldm_conn_get_state(c->conn), LDM_CONN_READY);
}

static void test_answer_as_printed(void **state)
{
	(void)state;
	check(answer_as_printed, expect_the_next);
}

/* Each is a line in the log, so they must come to an end. */
static void say_bad_events(struct fake *f)
{
	for (int i = 0; i < 100; i++)
		fake_say(f, "<LDM_event><cmd><a></b></cmd></LDM_event>");
	fake_wait(f);
}

static void expect_an_end(struct client *c)
{
	client_run(c, "closed");
	expect_seen(c, "ready;closed protocol Bad message too many events are refused;");
	assert_int_equal(c->received, 16);
	/* The next connection begins anew. */
	assert_int_equal(ldm_conn_open(c->conn), 0);
	client_run(c, "closed");
	assert_int_equal(c->received, 32);
}

static void test_bad_events(void **state)
{
	(void)state;
	check(say_bad_events, expect_an_end);
}

static void test_nobody_listens(void **state)
{
	struct fake f = {0};
	struct client c;
	struct ldm_endpoint *e;

	(void)state;
	fake_start(&f, say_nothing, 0);
	fake_stop(&f);
	e = client_endpoint("plain", f.port);
	client_start(&c, e);
	client_ask(&c, "list-domain", NULL, 5000);
	client_run(&c, "closed");
	expect_seen(&c, "done list-domain Connection reset by peer unsent cannot connect: "
			"Connection refused;closed connect Connection refused cannot connect: "
			"Connection refused;");
	client_stop(&c);
	ldm_endpoint_free(e);
}

static void test_no_such_host(void **state)
{
	struct client c;
	struct ldm_endpoint *e = NULL;

	(void)state;
	assert_int_equal(ldm_endpoint_parse("no-such-host.invalid", &e), 0);
	client_start(&c, e);
	client_run(&c, "closed connect");
	client_stop(&c);
	/* Gone while it is looked for. */
	client_start(&c, e);
	client_stop(&c);
	ldm_endpoint_free(e);
}

/* Listens, but has no room for one more: what is sent there is dropped. */
struct black_hole {
	struct sockaddr_in address;
	int listener, full[8];
};

static void dig(struct black_hole *h)
{
	socklen_t len = sizeof(h->address);

	h->address = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	h->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(h->listener, (struct sockaddr *)&h->address, len), 0);
	assert_int_equal(listen(h->listener, 0), 0);
	assert_int_equal(getsockname(h->listener, (struct sockaddr *)&h->address, &len), 0);
	for (size_t i = 0; i < ARRAY_SIZE(h->full); i++) {
		h->full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(h->full[i], (struct sockaddr *)&h->address, len);
	}
}

static void fill_in(struct black_hole *h)
{
	for (size_t i = 0; i < ARRAY_SIZE(h->full); i++)
		close(h->full[i]);
	close(h->listener);
}

/* Hosts have a second address, with this port, if it is not 0. */
static uint16_t second_port;

/* In front of the one of the C library. */
int getaddrinfo(
	const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	_cleanup_free_ char *second = NULL;
	int r;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	r = real(host, service, hints, ret);
	if (r != 0 || second_port == 0 || asprintf(&second, "%u", second_port) < 0)
		return r;
	return real(host, second, hints, &(*ret)->ai_next);
}

/* A host whose first address does not answer is reached at the second, within the time for both. */
static void test_second_address(void **state)
{
	struct fake f = {0};
	struct black_hole hole;
	struct client c;
	struct ldm_endpoint *e;

	(void)state;
	fake_start(&f, say_nothing, 1);
	dig(&hole);
	e = client_endpoint("plain", ntohs(hole.address.sin_port));
	e->handshake_timeout_ms = 2000;
	second_port = f.port;
	client_start(&c, e);
	second_port = 0;
	client_run(&c, ";");
	expect_seen(&c, "ready;");
	client_stop(&c);
	fake_stop(&f);
	fill_in(&hole);
	ldm_endpoint_free(e);
}

static void close_by_owner(struct client *c)
{
	struct ldm_request *r = NULL;

	client_ask(c, "list-domain", NULL, 5000);
	client_run(c, "ready");
	client_ask(c, "list-services", NULL, 5000);
	buffer_reset(&c->seen);
	ldm_conn_close(c->conn);
	expect_seen(c, "done list-domain Operation canceled sent closed by us;"
		       "done list-services Operation canceled unsent closed by us;");
	assert_int_equal(ldm_conn_get_state(c->conn), LDM_CONN_IDLE);
	ldm_conn_close(c->conn);
	expect_seen(c, "");
	assert_int_equal(ldm_request_list("list-domain", NULL, &r), 0);
	assert_int_equal(ldm_conn_submit(c->conn, r, 1, &client_reply_ops, c), -ENOTCONN);
	ldm_request_free(r);
}

static int option(const struct client *c, int level, int name)
{
	socklen_t len = sizeof(int);
	struct pollset ps = POLLSET_EMPTY;
	int value = 0;

	/* The one descriptor it waits for. */
	ldm_conn_prepare(c->conn, &ps);
	assert_int_equal(ps.n, 1);
	assert_int_equal(getsockopt(ps.fds[0].fd, level, name, &value, &len), 0);
	pollset_clear(&ps);
	return value;
}

/*
 * A host that is gone without a word (power, cable) is found out long before a command's time is
 * over, both while nothing is said and while something is on its way.
 */
static void look_for_a_pulse(struct client *c)
{
	client_run(c, "ready");
	assert_true(option(c, SOL_SOCKET, SO_KEEPALIVE));
	assert_in_range(
		option(c, IPPROTO_TCP, TCP_KEEPIDLE) +
			option(c, IPPROTO_TCP, TCP_KEEPCNT) * option(c, IPPROTO_TCP, TCP_KEEPINTVL),
		10, 60);
	assert_in_range(option(c, IPPROTO_TCP, TCP_USER_TIMEOUT), 10000, 60000);
}

static void test_pulse(void **state)
{
	(void)state;
	check(say_nothing, look_for_a_pulse);
}

static void test_close_by_owner(void **state)
{
	(void)state;
	check(say_nothing, close_by_owner);
}

/* A request leaves when it is submitted, without another turn of the loop, if none is out. */
static void send_at_once(struct client *c)
{
	client_run(c, "ready");
	client_ask(c, "list-domain", NULL, 5000);
	client_ask(c, "list-services", NULL, 5000);
	buffer_reset(&c->seen);
	ldm_conn_close(c->conn);
	expect_seen(c, "done list-domain Operation canceled sent closed by us;"
		       "done list-services Operation canceled unsent closed by us;");
}

static void test_send_at_once(void **state)
{
	(void)state;
	check(say_nothing, send_at_once);
}

/* Every callback in turn frees, closes or asks again. */
enum deed { FREE, CLOSE, REOPEN, ASK };
enum moment { AT_READY, AT_EVENT, AT_CONTENT, AT_DONE, AT_CLOSED, _MOMENTS };

struct reentrant {
	struct ldm_conn *conn;
	enum moment moment;
	enum deed deed;
	bool deed_done;
	int done;
};

static int r_content(void *user, const struct ldm_content *c, bool ok, const char *message);
static void r_done(void *user, int err, const struct ldm_reply *reply);
static const struct ldm_reply_ops r_reply_ops = {.on_content = r_content, .on_done = r_done};

static void r_ask(struct reentrant *r)
{
	struct ldm_request *q = NULL;

	assert_int_equal(ldm_request_list("list-domain", NULL, &q), 0);
	if (ldm_conn_submit(r->conn, q, 1000, &r_reply_ops, r) < 0) {
		ldm_request_free(q);
		return;
	}
	r->done--;
}

static void r_do(struct reentrant *r, enum moment moment)
{
	if (r->deed_done || r->moment != moment)
		return;
	r->deed_done = true;
	if (r->deed == ASK)
		r_ask(r);
	if (r->deed == CLOSE || r->deed == REOPEN)
		ldm_conn_close(r->conn);
	if (r->deed == REOPEN)
		assert_int_equal(ldm_conn_open(r->conn), 0);
	if (r->deed == FREE) {
		ldm_conn_free(r->conn);
		r->conn = NULL;
	}
}

static int r_content(void *user, const struct ldm_content *c, bool ok, const char *message)
{
	(void)c;
	(void)ok;
	(void)message;
	r_do(user, AT_CONTENT);
	return 0;
}

static void r_done(void *user, int err, const struct ldm_reply *reply)
{
	struct reentrant *r = user;

	(void)err;
	assert_non_null(reply);
	r->done++;
	r_do(r, AT_DONE);
}

static void r_ready(void *user)
{
	r_do(user, AT_READY);
}

static void r_closed(void *user, enum ldm_closed reason, int error, const char *text)
{
	(void)reason;
	(void)error;
	(void)text;
	r_do(user, AT_CLOSED);
}

static void r_event(void *user, const struct ldm_event *event)
{
	(void)event;
	r_do(user, AT_EVENT);
}

static const struct ldm_conn_ops r_conn_ops = {r_ready, r_closed, r_event};

static void say_everything(struct fake *f)
{
	fake_expect(f, END_OF_REQUEST);
	fake_say(f, EVENT("bind-domain", "rose") REPLY("list-domain", DOMAIN("a") DOMAIN("b"))
			    EVENT("bind-domain", "rose"));
	fake_expect(f, END_OF_REQUEST);
}

static void run_reentrant(enum moment moment, enum deed deed)
{
	struct fake f = {0};
	struct pollset ps = POLLSET_EMPTY;
	struct reentrant r = {.moment = moment, .deed = deed};
	struct ldm_endpoint *e;
	uint64_t end = clock_ms() + 5000;

	fake_start(&f, say_everything, 2);
	e = client_endpoint("plain", f.port);
	assert_int_equal(ldm_conn_new(e, &r_conn_ops, &r, &r.conn), 0);
	assert_int_equal(ldm_conn_open(r.conn), 0);
	r_ask(&r);
	r_ask(&r);
	while (r.conn && !(r.deed_done && r.done == 0 && deed != ASK) && clock_ms() < end) {
		pollset_reset(&ps);
		ldm_conn_prepare(r.conn, &ps);
		pollset_deadline(&ps, clock_ms() + 20);
		pollset_wait(&ps);
		ldm_conn_dispatch(r.conn, &ps, clock_ms());
		if (r.conn && ldm_conn_get_state(r.conn) == LDM_CONN_CLOSED)
			break;
	}
	assert_true(r.deed_done);
	ldm_conn_free(r.conn);
	/* Every request was told of, exactly once. */
	assert_int_equal(r.done, 0);
	pollset_clear(&ps);
	fake_stop(&f);
	ldm_endpoint_free(e);
}

static void test_reentrant(void **state)
{
	(void)state;
	for (enum moment m = AT_READY; m < _MOMENTS; m++)
		for (enum deed d = FREE; d <= ASK; d++)
			run_reentrant(m, d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_wrong_action),
		cmocka_unit_test(test_unasked),
		cmocka_unit_test(test_close_within),
		cmocka_unit_test(test_bad_documents),
		cmocka_unit_test(test_answer_as_printed),
		cmocka_unit_test(test_bad_events),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_no_such_host),
		cmocka_unit_test(test_second_address),
		cmocka_unit_test(test_pulse),
		cmocka_unit_test(test_close_by_owner),
		cmocka_unit_test(test_send_at_once),
		cmocka_unit_test(test_reentrant),
	};

	return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
