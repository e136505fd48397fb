/*
 * The operation rows on disk, so that the history outlives the agent.
 */
#ifndef CONTROL_OPLOG_FILE_H
#define CONTROL_OPLOG_FILE_H

#include "control/handover.h"

struct oplog_file;

/*
 * Reads what is there into the handover's log; rows that were running are given as UNKNOWN until
 * the journal says better. A damaged file is kept aside. -errno of the file system, -ENOMEM.
 */
int oplog_file_open(const char *directory, struct handover *h, struct oplog_file **ret);
void oplog_file_free(struct oplog_file *f);

/*
 * Writes the rows if they are others than last time, and how many numbers may be given until the
 * next time. Logged once; -errno.
 */
int oplog_file_save(struct oplog_file *f, struct handover *h);
/* The last time: no number is given any more, and none is left out at the next start. */
int oplog_file_finish(struct oplog_file *f, struct handover *h);
/* There is something to save. */
bool oplog_file_differs(const struct oplog_file *f, struct handover *h);

#endif
