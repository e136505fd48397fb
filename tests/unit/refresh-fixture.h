/*
 * The refresh with a connection that is a puppet. Time is a number here.
 */
#ifndef TESTS_UNIT_REFRESH_FIXTURE_H
#define TESTS_UNIT_REFRESH_FIXTURE_H

#include "test.h"

#include "inventory/refresh.h"
#include "inventory/registry-internal.h"
#include "ldm/conn.h"

/* ldm/conn.h keeps it opaque, so it may be anything. */
struct ldm_conn {
	const struct ldm_conn_ops *ops;
	void *user;
	unsigned opens;
	int open_error;
	struct ldm_request *request; /* the one unanswered */
	const struct ldm_reply_ops *reply_ops;
	void *reply_user;
	uint64_t timeout_ms;
	int version;
};

struct scene {
	struct refresh *refresh;
	struct registry *registry;
	struct ldm_endpoint *endpoint;
	char *directory;
	const struct snapshot *shown;
	unsigned n_shown;
	uint64_t now, deadline;
	void (*drive)(struct pollset *ps); /* one turn: of the refresh, or of what contains it */
};

extern struct ldm_conn puppet;
extern struct scene scene;

/* A directory, and a refresh at time 1000 that was not let loose yet. */
int scene_setup(void **state);
int scene_teardown(void **state);
void scene_config(struct refresh_config *config);
int scene_start(void);
void scene_stop(void);

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

/* One turn of the loop at that time. */
void turn(uint64_t at);

/* The question that waits for its answer; NULL: none, about no domain. */
void expect(const char *action, const char *domain);

/* Its answer, in the words of content-text.h. */
void answer(const char *const *texts);

#define ANSWER(...) answer((const char *const[]){__VA_ARGS__, NULL})

void deny(const char *message);
void finish(int err, struct ldm_reply *reply);
void lose(enum ldm_closed reason, int error, const char *text);
void event(const char *action, const char *domain);

#define PRIMARY                                                                                    \
	"primary | ldom_info state=active flags=-n-cv- uptime=3h | cpu units=8 | memory units=4G"
#define GUEST(name, state, cpus)                                                                   \
	name " | ldom_info state=" state " flags=-n---- | cpu units=" cpus " | memory units=2G"

void connect_to_ldmd(void);

/* Answers the questions that follow a list of all domains, which has these two. */
void answer_details_of(const char *primary, const char *guest);
/* The same with the two domains of begin(), after which nothing is asked. */
void answer_details(void);

/* Two domains, all lists read, at time 1000. */
void begin(void);

const struct ldm_status *status(void);
const struct domain *domain_named(const char *name);

#endif
