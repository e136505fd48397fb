/*
 * Turns each known spelling of a value of ldmd into one form.
 *
 * Guides and data versions differ in case and punctuation, and write a state or a flag as a word, a
 * letter or a digit.
 */
#ifndef INVENTORY_WORDS_H
#define INVENTORY_WORDS_H

#include <stdbool.h>

/* The numbers are ldomOperState's, which are also those of data version 2.0. */
enum domain_state {
	DOMAIN_ACTIVE = 1,
	DOMAIN_STOPPING = 2,
	DOMAIN_INACTIVE = 3,
	DOMAIN_BINDING = 4,
	DOMAIN_UNBINDING = 5,
	DOMAIN_BOUND = 6,
	DOMAIN_STARTING = 7,
	DOMAIN_UNKNOWN = 8,
	_DOMAIN_STATE_MAX,
	_DOMAIN_STATE_INVALID = -1,
};

/* The vendor's word in lower case ("active"); never NULL. */
const char *domain_state_name(enum domain_state state);
/* A word in any case, or a digit 1..7; DOMAIN_UNKNOWN for anything else. */
enum domain_state word_state(const char *text);

/*
 * The next four functions give a text that the caller frees. -EINVAL: the text is not a value of
 * this kind; -ENOMEM.
 */
/* The flags as six columns, from five or six columns or a list of words. Never -EINVAL. */
int word_flags(const char *text, char **ret);
/* "aa:bb:cc:dd:ee:ff", also from "a:b:c:d:e:f". */
int word_mac(const char *text, char **ret);
/* 36 characters in lower case. */
int word_uuid(const char *text, char **ret);
/* "0x" and up to eight digits in lower case. */
int word_hostid(const char *text, char **ret);

/* False, and *ret unchanged, when the text is neither a word for on nor one for off. */
bool word_switch(const char *text, bool *ret);
/* Whether the name is that of a whole PCIe bus (pci@780, pci_1), not of a slot or a function. */
bool word_is_bus(const char *name);

#endif
