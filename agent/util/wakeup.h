/*
 * A thread wakes the poll loop of another one. Several notifications before a drain count as one.
 */
#ifndef UTIL_WAKEUP_H
#define UTIL_WAKEUP_H

struct wakeup;

int wakeup_new(struct wakeup **ret); /* -errno */
void wakeup_free(struct wakeup *w);
/* The descriptor that becomes readable (POLLIN) at a wake-up. */
int wakeup_fd(const struct wakeup *w);
/* From any thread or signal handler; never blocks, does not change errno. */
void wakeup_notify(struct wakeup *w);
/* To be called by the woken thread: forgets the wake-ups so far. */
void wakeup_drain(struct wakeup *w);

#endif
