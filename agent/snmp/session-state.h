/*
 * The states of the AgentX session, for those who need to know no more of it.
 */
#ifndef SNMP_SESSION_STATE_H
#define SNMP_SESSION_STATE_H

enum agentx_state {
	AGENTX_CONNECTING, /* no master opened a session yet; tried again four times a second */
	AGENTX_SERVING,	   /* registered */
	AGENTX_CONTESTED,  /* another session holds our root; tried again every two seconds */
	AGENTX_ENDING,	   /* the session is over; the library still works on a SET of it */
	_AGENTX_STATE_MAX,
};

#endif
