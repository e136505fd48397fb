/*
 * The whole simulator in one place: options, host, clock, clients. Passed around instead of
 * globals.
 */
#ifndef LDMD_SIM_SIM_H
#define LDMD_SIM_SIM_H

#include "conn.h"
#include "control.h"
#include "faults.h"
#include "host.h"
#include "journal.h"
#include "options.h"
#include "replay.h"
#include "task.h"
#include "timer.h"
#include "tls.h"

struct sim {
	struct options options;
	struct host host;
	struct timers timers;
	struct faults faults;
	struct journal journal;
	struct server server;
	struct control control;
	struct tls tls;
	struct replay *replay;	   /* NULL: the host answers */
	struct task_list detached; /* operations whose client no longer waits */
	double transition;	   /* seconds a transitional state lasts */
	bool frozen;		   /* a hung ldmd: reads and answers nothing */
	bool dirty;		   /* the state file is older than the host */
	bool quit;
};

#endif
