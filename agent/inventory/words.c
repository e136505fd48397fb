/*
 * The LDM's words in all the spellings that are known, brought into one.
 */
#include "inventory/build.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_COLUMNS 6

enum domain_state build_state(const char *text)
{
	if (text[0] >= '1' && text[0] <= '7' && text[1] == '\0')
		return (enum domain_state)(text[0] - '0');
	for (int s = DOMAIN_ACTIVE; s < DOMAIN_UNKNOWN; s++)
		if (strcasecmp(text, domain_state_name((enum domain_state)s)) == 0)
			return (enum domain_state)s;
	return DOMAIN_UNKNOWN;
}

/* Words that `ldm list -p` uses instead of columns; compared without '-' and case. */
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
	return *word == '\0';
}

static void apply_word(const char *text, size_t length, char *columns)
{
	for (size_t i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++)
		if (word_is(text, length, flag_words[i].word))
			columns[flag_words[i].column] = flag_words[i].letter;
}

static void apply_words(const char *text, char *columns)
{
	while (*text != '\0') {
		size_t length = strcspn(text, ",");

		apply_word(text, length, columns);
		text += length;
		text += *text == ',';
	}
}

/* Each column has its own letters; anything else is words. */
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

int build_flags(const char *text, char **ret_six)
{
	char *columns = malloc(FLAG_COLUMNS + 1);

	if (!columns)
		return -ENOMEM;
	memset(columns, '-', FLAG_COLUMNS);
	columns[FLAG_COLUMNS] = '\0';
	if (is_columns(text))
		memcpy(columns, text, strlen(text));
	else
		apply_words(text, columns);
	*ret_six = columns;
	return 0;
}

static enum domain_migration migration_of(char letter)
{
	switch (letter) {
	case 's':
		return MIGRATION_SOURCE;
	case 't':
		return MIGRATION_TARGET;
	case 'e':
		return MIGRATION_ERROR;
	default:
		return MIGRATION_NONE;
	}
}

/* Where flags are not told (data version 2.0), the control domain is known by its fixed name. */
void build_flags_apply(struct domain *d)
{
	const char *f = d->flags ? d->flags : "------";
	bool control = d->flags ? f[3] == 'c' : strcmp(d->name, "primary") == 0;

	d->transition = f[1] == 't';
	d->degraded = f[1] == 'd';
	d->pending = f[2] == 'd';
	d->memory_dr = f[2] == 'r';
	d->migration = migration_of(f[5]);
	d->roles &= ~(uint32_t)(DOMAIN_CONTROL | DOMAIN_SERVICE | DOMAIN_GUEST);
	d->roles |= control ? DOMAIN_CONTROL : DOMAIN_GUEST;
	if (f[4] == 'v')
		d->roles |= DOMAIN_SERVICE;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Solaris prints "0:14:4f:..." as well; empty text means there is none. */
int build_mac(const char *text, char **ret)
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

int build_uuid(const char *text, char **ret)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	char *uuid;

	if (strlen(text) != sizeof(shape) - 1)
		return -EINVAL;
	for (size_t i = 0; shape[i] != '\0'; i++)
		if (shape[i] == '-' ? text[i] != '-' : hex_digit(text[i]) < 0)
			return -EINVAL;
	uuid = strdup(text);
	if (!uuid)
		return -ENOMEM;
	for (char *c = uuid; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	*ret = uuid;
	return 0;
}

int build_hostid(const char *text, char **ret)
{
	char *id, *out;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	if (strlen(text) == 0 || strlen(text) > 8 ||
		strspn(text, "0123456789abcdefABCDEF") != strlen(text))
		return -EINVAL;
	id = malloc(strlen(text) + sizeof("0x"));
	if (!id)
		return -ENOMEM;
	out = id;
	*out++ = '0';
	*out++ = 'x';
	while (*text != '\0')
		*out++ = (char)tolower((unsigned char)*text++);
	*out = '\0';
	*ret = id;
	return 0;
}
