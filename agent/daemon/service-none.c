/*
 * No service manager that wants to be told (SMF watches the process itself).
 */
#include "daemon/service.h"

void service_open(void)
{
}

void service_ready(void)
{
}

void service_reloading(void)
{
}

void service_stopping(void)
{
}

void service_status(const char *text)
{
	(void)text;
}

uint64_t service_watchdog_ms(void)
{
	return 0;
}

void service_alive(void)
{
}

void service_close(void)
{
}

bool service_reads_stderr(void)
{
	return false;
}
