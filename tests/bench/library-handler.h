/*
 * A static table on net-snmp's library, as fast as that can be: for a subagent (library-table.c)
 * and for a module of snmpd (static-module.c).
 */
#ifndef TESTS_BENCH_LIBRARY_HANDLER_H
#define TESTS_BENCH_LIBRARY_HANDLER_H

/* entry_oid: of the table's entry, dotted; cells: a file for table_read(). 0, or an error. */
int library_handler_register(const char *entry_oid, const char *cells);

#endif
