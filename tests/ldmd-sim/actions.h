/*
 * The table of everything ldmd can be asked to do. Adding an action = adding a function and one
 * line to the table in actions.c.
 */
#ifndef LDMD_SIM_ACTIONS_H
#define LDMD_SIM_ACTIONS_H

#include "host.h"
#include "task.h"

enum {
	ACTION_LIST = 1 << 0,	 /* reads only */
	ACTION_DOMAIN = 1 << 1,	 /* needs an existing domain */
	ACTION_ANYTIME = 1 << 2, /* allowed while the domain migrates or primary is to reboot */
	ACTION_EVENTS = 1 << 3,	 /* (un)registers the connection; handled by the request */
};

struct action {
	const char *name;
	unsigned flags;
	unsigned since; /* LDM version */
	enum verdict (*run)(struct task *task);
	/* Operator's words after the domain: "TYPE KEY KEY@KEY2 ...", see words.c. */
	const char *words;
};

const struct action *action_find(const char *name);
const struct action *action_at(size_t index); /* NULL behind the last */

enum verdict run_list_domain(struct task *task);
enum verdict run_list_bindings(struct task *task);
enum verdict run_list_constraints(struct task *task);
enum verdict run_list_services(struct task *task);
enum verdict run_list_devices(struct task *task);
enum verdict run_list_spconfig(struct task *task);
enum verdict run_list_variable(struct task *task);
enum verdict run_list_io(struct task *task);
enum verdict run_list_hba(struct task *task);
enum verdict run_list_rsrc_group(struct task *task);
enum verdict run_list_vmapi(struct task *task);
enum verdict run_list_dependencies(struct task *task);
enum verdict run_list_netdev(struct task *task);
enum verdict run_list_netstat(struct task *task);

enum verdict run_add_domain(struct task *task);
enum verdict run_set_domain(struct task *task);
enum verdict run_remove_domain(struct task *task);
enum verdict run_bind_domain(struct task *task);
enum verdict run_unbind_domain(struct task *task);
enum verdict run_start_domain(struct task *task);
enum verdict run_stop_domain(struct task *task);
enum verdict run_migrate_domain(struct task *task);
enum verdict run_cancel_operation(struct task *task);
enum verdict run_remove_reconf(struct task *task);

enum verdict run_vcpu(struct task *task);
enum verdict run_memory(struct task *task);
enum verdict run_mau(struct task *task);
enum verdict run_add_io(struct task *task);
enum verdict run_remove_io(struct task *task);
enum verdict run_set_io(struct task *task);
enum verdict run_create_vf(struct task *task);
enum verdict run_destroy_vf(struct task *task);

enum verdict run_set_variable(struct task *task);
enum verdict run_remove_variable(struct task *task);
enum verdict run_add_vdisk(struct task *task);
enum verdict run_set_vdisk(struct task *task);
enum verdict run_remove_vdisk(struct task *task);
enum verdict run_add_vnet(struct task *task);
enum verdict run_set_vnet(struct task *task);
enum verdict run_remove_vnet(struct task *task);
enum verdict run_set_vconsole(struct task *task);

enum verdict run_add_service(struct task *task);
enum verdict run_set_service(struct task *task);
enum verdict run_remove_service(struct task *task);
enum verdict run_add_volume(struct task *task);
enum verdict run_set_volume(struct task *task);
enum verdict run_remove_volume(struct task *task);

enum verdict run_add_vsan(struct task *task);
enum verdict run_remove_vsan(struct task *task);
enum verdict run_add_vhba(struct task *task);
enum verdict run_vhba(struct task *task);
enum verdict run_vmapi(struct task *task);

enum verdict run_add_spconfig(struct task *task);
enum verdict run_set_spconfig(struct task *task);
enum verdict run_remove_spconfig(struct task *task);

/* Shared by several of the above. */

/* NULL after refusing: the resource of that type in the request. */
struct resource *need_resource(struct task *task, const char *type);
/* NULL after refusing: a property of it. */
const char *need_prop(struct task *task, const struct resource *resource, const char *key);
/* 's', 'a' or 'r' for set-, add- and remove- actions. */
char action_verb(const struct task *task);
/* Refuses in transitional states, so that the host changes by one operation at a time. */
bool is_settled(const struct domain *domain);
enum verdict refuse_transition(struct task *task);

#endif
