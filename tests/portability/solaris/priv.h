/*
 * What priv_set(3C) and privileges(7) of Solaris 11.4 declare, as far as agent/daemon uses it: so that
 * types and arguments are checked where there is no Solaris. Nothing is linked with this.
 */
#ifndef PORTABILITY_PRIV_H
#define PORTABILITY_PRIV_H

typedef int priv_op_t;
typedef const char *priv_ptype_t;

#define PRIV_ON	     0
#define PRIV_OFF     1
#define PRIV_SET     2
#define PRIV_ALLSETS ((priv_ptype_t)0)

#define PRIV_FILE_LINK_ANY "file_link_any"
#define PRIV_PROC_EXEC	   "proc_exec"
#define PRIV_PROC_FORK	   "proc_fork"
#define PRIV_PROC_INFO	   "proc_info"
#define PRIV_PROC_SESSION  "proc_session"

/* The list ends with (char *)NULL. */
int priv_set(priv_op_t op, priv_ptype_t which, ...) __attribute__((sentinel));

#endif
