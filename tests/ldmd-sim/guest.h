/*
 * What happens inside a guest without ldmd being asked: boot, halt, reset, panic, and what its
 * failure policy then does to others. Also migration, which runs by itself once begun.
 */
#ifndef LDMD_SIM_GUEST_H
#define LDMD_SIM_GUEST_H

#include "host.h"

/* Enters OpenBoot; the OS follows after a while unless auto-boot? is false. */
void guest_boot(struct domain *domain);
/* false when the guest is not running. */
bool guest_reset(struct domain *domain);
bool guest_panic(struct domain *domain);
bool guest_halt(struct domain *domain);
bool guest_openboot(struct domain *domain);
bool guest_os(struct domain *domain);

/* Out: the domain leaves the host at the end. In: it becomes active. */
void migration_begin(struct domain *domain, const char *peer, double seconds, bool incoming);
void migration_cancel(struct domain *domain);
/* It goes wrong; an outgoing domain stays, with flag e. */
void migration_fail(struct domain *domain);
/* The machine that the domain leaves. */
const char *migration_source(const struct migration *migration);

/* The control domain reboots: what was delayed takes effect. */
void control_reboot(struct host *host);

/* Delayed reconfiguration: of the control domain; of root domains from 3.0, of all before 1.2. */
bool reconf_is_possible(const struct domain *domain);
void reconf_begin(struct domain *domain);
void reconf_cancel(struct domain *domain);
/* The domain reboots, or stops. */
void reconf_take_effect(struct domain *domain);
/* The domain whose delayed reconfiguration keeps this one (NULL: none) from changing, or NULL. */
const struct domain *reconf_in_the_way(const struct host *host, const struct domain *domain);

#endif
