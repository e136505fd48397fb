/*
 * The table of actions, as chapter 3 of the protocol lists them.
 */
#include "actions.h"

#define L   ACTION_LIST
#define D   ACTION_DOMAIN
#define ANY ACTION_ANYTIME
#define E   ACTION_EVENTS

static const struct action actions[] = {
	{"list-domain", L, 0, run_list_domain, NULL},
	{"list-bindings", L, 0, run_list_bindings, NULL},
	{"list-constraints", L, 0, run_list_constraints, NULL},
	{"list-services", L, 0, run_list_services, NULL},
	{"list-devices", L, 0, run_list_devices, NULL},
	{"list-spconfig", L, 0, run_list_spconfig, NULL},
	{"list-variable", L, 0, run_list_variable, NULL},
	{"list-dependencies", L, LDM_VERSION(3, 4), run_list_dependencies, NULL},
	{"list-hba", L, LDM_VERSION(3, 4), run_list_hba, NULL},
	{"list-rsrc-group", L, LDM_VERSION(3, 4), run_list_rsrc_group, NULL},
	{"list-vmapi", L, LDM_VERSION(3, 4), run_list_vmapi, NULL},
	{"list-io", L, LDM_VERSION(3, 5), run_list_io, NULL},
	{"list-netdev", L, LDM_VERSION(3, 5), run_list_netdev, NULL},
	{"list-netstat", L, LDM_VERSION(3, 5), run_list_netstat, NULL},

	{"add-domain", 0, 0, run_add_domain, "ldom_info"},
	{"set-domain", D, 0, run_set_domain, "ldom_info"},
	{"remove-domain", 0, 0, run_remove_domain, ""},
	{"bind-domain", D, 0, run_bind_domain, ""},
	{"unbind-domain", D, 0, run_unbind_domain, ""},
	{"start-domain", D, 0, run_start_domain, ""},
	{"stop-domain", D, 0, run_stop_domain, ""},
	{"migrate-domain", D, 0, run_migrate_domain, "ldom_info target"},
	{"cancel-operation", D | ANY, 0, run_cancel_operation, ""},
	{"remove-reconf", D | ANY, 0, run_remove_reconf, ""},

	{"set-vcpu", D, 0, run_vcpu, "cpu @units"},
	{"add-vcpu", D, 0, run_vcpu, "cpu @units"},
	{"remove-vcpu", D, 0, run_vcpu, "cpu @units"},
	{"set-memory", D, 0, run_memory, "memory @units"},
	{"add-memory", D, 0, run_memory, "memory @units"},
	{"remove-memory", D, 0, run_memory, "memory @units"},
	{"set-mau", D, 0, run_mau, "mau @units"},
	{"add-mau", D, 0, run_mau, "mau @units"},
	{"remove-mau", D, 0, run_mau, "mau @units"},
	{"add-io", D, 0, run_add_io, "physio_device name"},
	{"remove-io", D, 0, run_remove_io, "physio_device name"},
	{"set-io", ANY, LDM_VERSION(2, 2), run_set_io, "physio_device name"},
	{"create-vf", ANY, LDM_VERSION(2, 2), run_create_vf, "physio_device name"},
	{"destroy-vf", ANY, LDM_VERSION(2, 2), run_destroy_vf, "physio_device name"},

	{"add-variable", D, 0, run_set_variable, "var name value"},
	{"set-variable", D, 0, run_set_variable, "var name value"},
	{"remove-variable", D, 0, run_remove_variable, "var name"},
	{"add-vdisk", D, 0, run_add_vdisk, "disk vdisk_name vol_name/service_name"},
	{"set-vdisk", D, 0, run_set_vdisk, "disk vdisk_name"},
	{"remove-vdisk", D, 0, run_remove_vdisk, "disk vdisk_name"},
	{"add-vnet", D, 0, run_add_vnet, "network vnet_name service_name"},
	{"set-vnet", D, 0, run_set_vnet, "network vnet_name"},
	{"remove-vnet", D, 0, run_remove_vnet, "network vnet_name"},
	{"set-vconsole", D, 0, run_set_vconsole, "console port"},

	{"add-vdiskserver", D, 0, run_add_service, "vds service_name"},
	{"remove-vdiskserver", ANY, 0, run_remove_service, "vds service_name"},
	{"add-vswitch", D, 0, run_add_service, "vsw service_name"},
	{"set-vswitch", ANY, 0, run_set_service, "vsw service_name"},
	{"remove-vswitch", ANY, 0, run_remove_service, "vsw service_name"},
	{"add-vconscon", D, 0, run_add_service, "vcc service_name min_port max_port"},
	{"set-vconscon", ANY, 0, run_set_service, "vcc service_name min_port max_port"},
	{"remove-vconscon", ANY, 0, run_remove_service, "vcc service_name"},
	{"add-vdiskserverdevice", ANY, 0, run_add_volume,
		"vds_volume vol_name/service_name block_dev"},
	{"set-vdiskserverdevice", ANY, 0, run_set_volume, "vds_volume vol_name/service_name"},
	{"remove-vdiskserverdevice", ANY, 0, run_remove_volume, "vds_volume vol_name/service_name"},

	{"add-vsan", D, LDM_VERSION(3, 4), run_add_vsan, "vsan vsan_name iport_path"},
	{"remove-vsan", ANY, LDM_VERSION(3, 4), run_remove_vsan, "vsan vsan_name"},
	{"add-vhba", D, LDM_VERSION(3, 4), run_add_vhba, "vhba vhba_name vsan_name"},
	{"set-vhba", D, LDM_VERSION(3, 4), run_vhba, "vhba vhba_name"},
	{"remove-vhba", D, LDM_VERSION(3, 4), run_vhba, "vhba vhba_name"},
	{"rescan-vhba", D, LDM_VERSION(3, 4), run_vhba, "vhba vhba_name"},
	{"set-vmapi", 0, LDM_VERSION(3, 4), run_vmapi, "vmapi"},
	{"remove-vmapi", 0, LDM_VERSION(3, 4), run_vmapi, "vmapi"},

	{"add-spconfig", ANY, 0, run_add_spconfig, "spconfig spconfig_name"},
	{"set-spconfig", ANY, 0, run_set_spconfig, "spconfig spconfig_name"},
	{"remove-spconfig", ANY, 0, run_remove_spconfig, "spconfig spconfig_name"},

	{"reg-domain-events", E, 0, NULL, NULL},
	{"unreg-domain-events", E, 0, NULL, NULL},
	{"reg-resource-events", E, 0, NULL, NULL},
	{"unreg-resource-events", E, 0, NULL, NULL},
	{"reg-hardware-events", E, 0, NULL, NULL},
	{"unreg-hardware-events", E, 0, NULL, NULL},
	{"reg-all-events", E, 0, NULL, NULL},
	{"unreg-all-events", E, 0, NULL, NULL},
};

const struct action *action_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (str_equal(actions[i].name, name))
			return &actions[i];
	return NULL;
}

const struct action *action_at(size_t index)
{
	return index < ARRAY_SIZE(actions) ? &actions[index] : NULL;
}
