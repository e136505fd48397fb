/*
 * What the field tables cannot say about a row.
 */
#ifndef INVENTORY_ROWS_FINISH_H
#define INVENTORY_ROWS_FINISH_H

#include <stdbool.h>

struct ldm_resource;

int finish_vcpu(void *row, const struct ldm_resource *from);
int finish_iobus(void *row, const struct ldm_resource *from);
int finish_variable(void *row, const struct ldm_resource *from);

/* A whole PCIe bus by its name (pci@780, pci_1), not a slot or a virtual function below one. */
bool is_bus_name(const char *name);

#endif
