/*
 * The LDM's words in every spelling that is known, each brought into one form.
 *
 * Guides and data versions differ in case, in punctuation, and in whether a state or a flag is a
 * word, a letter or a digit.
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
 * The functions below give a copy that the caller frees. -EINVAL: the text is no such value;
 * -ENOMEM.
 */
/* Six columns, from five or six columns or from a list of words. Never -EINVAL. */
int word_flags(const char *text, char **ret);
/* "aa:bb:cc:dd:ee:ff", also from "a:b:c:d:e:f". */
int word_mac(const char *text, char **ret);
/* 36 characters in lower case. */
int word_uuid(const char *text, char **ret);
/* "0x" and up to eight digits in lower case. */
int word_hostid(const char *text, char **ret);

/* False, and *ret unchanged, when the text is neither a word for on nor one for off. */
bool word_switch(const char *text, bool *ret);
/* A whole PCIe bus by its name (pci@780, pci_1), not a slot or a virtual function below one. */
bool word_is_bus(const char *name);

#endif
