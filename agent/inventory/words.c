/*
 * States, flags, addresses and identifiers of the LDM.
 */
#include "inventory/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/text.h"

#define FLAG_COLUMNS 6

const char *domain_state_name(enum domain_state state)
{
	static const char *const names[_DOMAIN_STATE_MAX] = {
		[DOMAIN_ACTIVE] = "active",
		[DOMAIN_STOPPING] = "stopping",
		[DOMAIN_INACTIVE] = "inactive",
		[DOMAIN_BINDING] = "binding",
		[DOMAIN_UNBINDING] = "unbinding",
		[DOMAIN_BOUND] = "bound",
		[DOMAIN_STARTING] = "starting",
		[DOMAIN_UNKNOWN] = "unknown",
	};

	if (state < DOMAIN_ACTIVE || state >= _DOMAIN_STATE_MAX)
		return "unknown";
	return names[state];
}

enum domain_state word_state(const char *text)
{
	if (text[0] >= '1' && text[0] <= '7' && text[1] == '\0')
		return (enum domain_state)(text[0] - '0');
	for (int s = DOMAIN_ACTIVE; s < DOMAIN_UNKNOWN; s++)
		if (strcasecmp(text, domain_state_name((enum domain_state)s)) == 0)
			return (enum domain_state)s;
	return DOMAIN_UNKNOWN;
}

/* Words that `ldm list -p` writes instead of columns; case, '-', '_' and ' ' do not count. */
static const struct flag_word {
	const char *word;
	unsigned column;
	char letter;
} flag_words[] = {
	{"starting", 0, 's'},
	{"stopping", 0, 's'},
	{"normal", 1, 'n'},
	{"transition", 1, 't'},
	{"degraded", 1, 'd'},
	{"delayedreconfiguration", 2, 'd'},
	{"delayedreconfig", 2, 'd'},
	{"delayreconf", 2, 'd'},
	{"reconf", 2, 'd'},
	{"memorydr", 2, 'r'},
	{"memorydynamicreconfiguration", 2, 'r'},
	{"control", 3, 'c'},
	{"controldomain", 3, 'c'},
	{"vioservice", 4, 'v'},
	{"virtualioservice", 4, 'v'},
	{"migrationsource", 5, 's'},
	{"source", 5, 's'},
	{"migrationtarget", 5, 't'},
	{"target", 5, 't'},
	{"migrationerror", 5, 'e'},
	{"error", 5, 'e'},
};

static bool word_is(const char *text, size_t length, const char *word)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '-' || text[i] == '_' || text[i] == ' ')
			continue;
		if (tolower((unsigned char)text[i]) != *word)
			return false;
		word++;
	}
	return !*word;
}

/* Unknown words change nothing. */
static void columns_from_words(const char *text, char *columns)
{
	while (*text) {
		size_t length = strcspn(text, ",");

		for (size_t i = 0; i < ARRAY_SIZE(flag_words); i++)
			if (word_is(text, length, flag_words[i].word))
				columns[flag_words[i].column] = flag_words[i].letter;
		text += length;
		text += *text == ',';
	}
}

/* Whether the text is columns, each with a letter of its own set; else it is a list of words. */
static bool is_columns(const char *text)
{
	static const char *const letters[FLAG_COLUMNS] = {"s", "ntd", "dr", "c", "v", "ste"};
	size_t n = strlen(text);

	if (n != FLAG_COLUMNS && n != FLAG_COLUMNS - 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (text[i] != '-' && !strchr(letters[i], text[i]))
			return false;
	return true;
}

int word_flags(const char *text, char **ret)
{
	char *columns = strdup("------");

	if (!columns)
		return -ENOMEM;
	if (!is_columns(text))
		columns_from_words(text, columns);
	else
		for (size_t i = 0; text[i]; i++)
			columns[i] = text[i];
	*ret = columns;
	return 0;
}

/* Solaris leaves out leading zeros: "0:14:4f:...". */
int word_mac(const char *text, char **ret)
{
	static const char digits[] = "0123456789abcdef";
	char *mac = malloc(sizeof("aa:bb:cc:dd:ee:ff")), *out = mac;

	if (!mac)
		return -ENOMEM;
	for (int byte = 0; byte < 6; byte++) {
		int high = 0, low = hex_digit(*text);

		if (low >= 0 && hex_digit(text[1]) >= 0) {
			high = low;
			low = hex_digit(*++text);
		}
		text++;
		if (low < 0 || *text != (byte < 5 ? ':' : '\0')) {
			free(mac);
			return -EINVAL;
		}
		text++;
		*out++ = digits[high];
		*out++ = digits[low];
		*out++ = byte < 5 ? ':' : '\0';
	}
	*ret = mac;
	return 0;
}

static void to_lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

int word_uuid(const char *text, char **ret)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != sizeof(shape) - 1)
		return -EINVAL;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '-' ? text[i] != '-' : hex_digit(text[i]) < 0)
			return -EINVAL;
	char *uuid = strdup(text);
	if (!uuid)
		return -ENOMEM;
	to_lower(uuid);
	*ret = uuid;
	return 0;
}

int word_hostid(const char *text, char **ret)
{
	char *id;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	if (!*text || strlen(text) > 8 || strspn(text, "0123456789abcdefABCDEF") != strlen(text))
		return -EINVAL;
	if (text_printf(&id, "0x%s", text) < 0)
		return -ENOMEM;
	to_lower(id);
	*ret = id;
	return 0;
}

bool word_switch(const char *text, bool *ret)
{
	static const char *const words[][2] = {
		{"off", "on"},
		{"no", "yes"},
		{"false", "true"},
		{"disabled", "enabled"},
		{"0", "1"},
		{"", "on"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (size_t on = 0; on < 2; on++)
			if (strcasecmp(text, words[i][on]) == 0) {
				*ret = on;
				return true;
			}
	return false;
}

bool word_is_bus(const char *name)
{
	return strncmp(name, "pci", 3) == 0 && !strchr(name, '/');
}
