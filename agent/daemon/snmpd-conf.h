/*
 * What snmpd's configuration says about AgentX, and about who may read: for --test, which names
 * the line that is missing or the view that hides LDOMS-MIB.
 */
#ifndef DAEMON_SNMPD_CONF_H
#define DAEMON_SNMPD_CONF_H

#include <stdbool.h>

enum snmpd_access {
	SNMPD_ACCESS_UNKNOWN, /* the files do not tell: names instead of numbers in OIDs */
	SNMPD_ACCESS_SHOWN,   /* somebody may read LDOMS-MIB */
	SNMPD_ACCESS_HIDDEN,  /* some may read, but none of them LDOMS-MIB */
	SNMPD_ACCESS_NOBODY,  /* no line lets anybody read */
};

struct snmpd_conf {
	char *file;	  /* the first snmpd.conf that was read; NULL: none */
	char *unreadable; /* a file that exists and cannot be read, so that the rest may be wrong;
			     NULL: none */
	bool master;	  /* there is `master agentx' */
	char *socket;	  /* of agentXSocket; NULL: not given, so the default */
	enum snmpd_access access;
	char *hiding; /* if HIDDEN: the last line that lets somebody read, as FILE:LINE: TEXT */
};

/*
 * Reads snmpd.conf and snmpd.local.conf, with the files that they include, in the folders of
 * $SNMPCONFPATH, or else in the usual folders. root: dotted OID of LDOMS-MIB. A file that cannot be
 * read is no error. -ENOMEM.
 */
int snmpd_conf_read(const char *root, struct snmpd_conf *ret);
void snmpd_conf_clear(struct snmpd_conf *c);

#endif
