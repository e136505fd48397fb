/*
 * Making and freeing of what document.h describes. Private to the codec.
 */
#ifndef LDM_CONTENT_H
#define LDM_CONTENT_H

#include "ldm/document.h"

/* Each appends a zeroed element; NULL: no memory. */
struct ldm_content *content_append(struct ldm_content **list, size_t *n);
struct ldm_resource *resource_append(struct ldm_resource **list, size_t *n);
/* Takes over neither; -ENOMEM. */
int property_append(struct ldm_resource *r, const char *key, const char *value);

void content_clear(struct ldm_content *c);
void content_list_free(struct ldm_content *list, size_t n);
/* Moves all resources of `from` behind those of `to`. -ENOMEM. */
int content_merge(struct ldm_content *to, struct ldm_content *from);

#endif
