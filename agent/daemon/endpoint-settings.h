/*
 * From the settings to what the LDM client needs.
 */
#ifndef DAEMON_ENDPOINT_SETTINGS_H
#define DAEMON_ENDPOINT_SETTINGS_H

struct ldm_endpoint;
struct settings;

/*
 * Reads the password file too. Mistakes are logged: -EINVAL no address or what cannot be, -EPERM
 * what is not safe, or the error of reading the password.
 */
int settings_endpoint(const struct settings *s, struct ldm_endpoint **ret);

#endif
