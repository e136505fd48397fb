"""The tables of devices and services: read as {table: {index: {column: value}}}, and what they have
to be, from the simulator's dump.

Rows that a number of their own identifies (CPUs, blocks, units) are compared by index; the others
by name, as only the agent knows their numbers.
"""
import os
import re

import harness

MEGABYTE = 1 << 20
SECRET = "security-password"
NAME_KEY_MAX = 114  # octets; a longer name does not fit in the name of an object
SECOND_OF_NAME = {  # table: the column that names a row within its domain
    "ldomIOBus": "Name", "ldomVds": "ServiceName", "ldomVdsdev": "VolumeName",
    "ldomVdisk": "Name", "ldomVsw": "ServiceName", "ldomVnet": "DevName", "ldomVcc": "Name",
    "ldomEnvVars": "Name", "ldomPolicy": "Name", "ldomSPConfig": "Name",
}


def _read_columns():
    """{table: {number: column}}, without the prefix that all columns of a table have."""
    with open(os.path.join(harness.SRC, "mibs", "LDOMS-MIB.txt")) as mib:
        text = mib.read()
    tables = {}
    numbers = dict(re.findall(r"^(ldom\w*)Table +OBJECT-TYPE(?:(?!::=).)*::= \{ ldomObjects (\d+) \}",
                              text, re.M | re.S))
    for name, table, number in re.findall(
            r"^(\w+) +OBJECT-TYPE\n(?:(?!::=).)*::= \{ (\w+)Entry (\d+) \}", text, re.M | re.S):
        tables.setdefault(table, {})[int(number)] = name[len(table):]
    return {table: (int(numbers[table]), columns) for table, columns in tables.items()
            if table in numbers}


COLUMNS = _read_columns()
TABLES = [table for table in COLUMNS
          if table not in ("ldom", "ldomOperation", "ldomNotif")]


def name_of(table, column, *index):
    """The OID of a cell."""
    number, columns = COLUMNS[table]
    column = next(n for n, name in columns.items() if name == column)
    return f"{harness.ROOT}.1.{number}.1.{column}." + ".".join(map(str, index))


def read_table(bed, table, verb="bulkwalk", **more):
    """{index: {column: value}}. A walk is many PDUs: when a row comes or goes between two of them, it
    lacks columns, and the table is read again. A row that lacks them always is returned as it is."""
    for _ in range(3):
        rows = read_table_once(bed, table, verb, **more)
        if len({frozenset(row) for row in rows.values()}) <= 1:
            break
    return rows


def read_table_once(bed, table, verb, **more):
    number, columns = COLUMNS[table]
    rows = {}
    where = harness.oid(f"{harness.ROOT}.1.{number}.1")
    for name, _, value in bed.walk(f"{harness.ROOT}.1.{number}.1", verb=verb, **more):
        if name[:len(where)] != where:
            continue  # a walk of nothing is a GET
        rows.setdefault(name[len(where) + 1:], {})[columns[name[len(where)]]] = value
    return rows


def read_all(bed, **more):
    return {table: read_table(bed, table, **more) for table in TABLES}


def take_all_cpus(sim):
    """Eight of them for each domain; with 256 domains all that a host can have."""
    for domain in harness.dump(sim)["domains"]:
        name = domain["name"]
        if domain["state"] == "inactive":
            sim.do(f"do bind-domain {name}")
        if domain["state"] == "active":
            sim.do(f"guest {name} os")
        sim.do(f"do set-vcpu {name} 8")


# --- what has to be there --------------------------------------------------------------------


def _text(value):
    return (value or "").encode()


def _number(value):
    return int(value) if value and str(value).isdigit() else 0


def _by_name(state, kind):
    return {service["name"]: service for service in state["services"][kind]}


class Expected:
    """Rows by key: (domain, own number) or (domain, name)."""

    def __init__(self, state, indexes):
        self.state = state
        self.indexes = indexes
        self.tables = {table: {} for table in TABLES}
        self.volumes_used = {
            (disk["service"], disk["volume"])
            for domain in self._bound() for disk in domain["disks"]}
        for domain in state["domains"]:
            self.resources(domain)
            self.devices(domain)
            self.settings(domain)
            name = domain["name"].encode()
            if len(name) <= NAME_KEY_MAX:
                self.add("ldomName", tuple(name), {"Index": self.index(domain["name"])})
        self.services()
        for config in state["spconfigs"]:
            self.add("ldomSPConfig", config["name"], {
                "Name": _text(config["name"]), "Status": _text(config["status"])})

    def _bound(self):
        return [domain for domain in self.state["domains"] if domain["state"] != "inactive"]

    def index(self, domain):
        return self.indexes.get(domain, 0)

    def add(self, table, key, row, domain=None):
        if domain is not None:
            key = (self.index(domain), key)
            row["LdomIndex"] = self.index(domain)
        self.tables[table][key] = row

    def resources(self, domain):
        name = domain["name"]
        cores = {}
        for thread in domain["threads"]:
            cores.setdefault(thread["cid"], []).append(thread["pid"])
            self.add("ldomVcpu", thread["vid"] + 1, {
                "DeviceID": thread["vid"], "PhysBind": thread["pid"], "CoreID": thread["cid"],
                "PhysBindUsage": thread["strand_percent"] * 10,
                "OperationalStatus": 3 if domain["state"] in ("active", "starting", "stopping")
                else 11,
                "Utilization": thread["util_permille"],
                "NormUtilization": thread["util_permille"],
                "UtilPercent": (thread["util_permille"] + 5) // 10}, name)
        for core, threads in cores.items():
            self.add("ldomCore", core + 1, {
                "ID": core, "NumVCPU": len(threads),
                "CpuSet": ",".join(map(str, sorted(threads))).encode()}, name)
        blocks = domain["memory_blocks"]
        self.add("ldomVmem", 1, {
            "NumofBlocks": len(blocks),
            "BoundSize": sum(block["size"] for block in blocks) // MEGABYTE}, name)
        for block in blocks:
            self.add("ldomVmemPhysBind", block["ra"] // MEGABYTE + 1, {
                "": b"0x%x" % block["pa"], "RealAddress": b"0x%x" % block["ra"],
                "Size": block["size"] // MEGABYTE}, name)
        for unit in domain["mau_bindings"]:
            self.add("ldomCrypto", unit["id"] + 1, {
                "ID": unit["id"], "CpuSet": ",".join(map(str, unit["cpuset"])).encode()}, name)
        for bus in domain["iobus"]:
            self.add("ldomIOBus", bus, {
                "Name": _text(bus), "Path": b"", "Options": b"", "Type": b"", "IsBus": 1,
                "MacAddress": b"", "PortVlanID": 0, "VlanID": b"", "Mtu": 0}, name)
        for function in domain["io_functions"]:
            self.add("ldomIOBus", function["name"], {
                "Name": _text(function["name"]), "Path": b"", "Options": b"", "Type": b"",
                "IsBus": 2, "MacAddress": _text(function["mac"]),
                "PortVlanID": _number(function["pvid"]), "VlanID": _text(function["vid"]),
                "Mtu": _number(function["mtu"])}, name)

    def server(self, kind, name):
        service = _by_name(self.state, kind).get(name)
        return self.index(service["domain"]) if service else 0

    def devices(self, domain):
        name = domain["name"]
        for disk in domain["disks"]:
            self.add("ldomVdisk", disk["name"], {
                "Name": _text(disk["name"]), "Timeout": _number(disk["timeout"]),
                "ID": disk["id"], "ServiceName": _text(disk["service"]),
                "VolumeName": _text(disk["volume"]), "MPGroup": b"",
                "VdsLdomIndex": self.server("vds", disk["service"])}, name)
        for net in domain["networks"]:
            self.add("ldomVnet", net["name"], {
                "DevName": _text(net["name"]), "DevMacAddress": _text(net["mac"]),
                "Mode": _text(net["mode"]), "PortVlanID": _number(net["pvid"]),
                "VlanID": _text(net["vid"]), "Linkprop": _text(net["linkprop"]),
                "Mtu": _number(net["mtu"]), "ID": net["id"], "DevPath": b"",
                "ServiceName": _text(net["service"]),
                "VswLdomIndex": self.server("vsw", net["service"])}, name)
        if domain["control"] or domain["state"] == "inactive" and not domain["console_service"]:
            return
        self.add("ldomVcons", 1, {
            "GroupName": _text(domain["console_group"]), "Log": 2,
            "PortNumber": domain["console_port"], "Type": b"",
            "ServiceName": _text(domain["console_service"]),
            "VccLdomIndex": self.server("vcc", domain["console_service"])}, name)

    def settings(self, domain):
        for var in domain["vars"]:
            value = _text(var["value"])
            secret = var["name"] == SECRET and value
            self.add("ldomEnvVars", var["name"], {
                "Name": _text(var["name"]),
                "Value": b"" if secret else value.decode()[:255].encode(),
                "Flag": 3 if secret else 2 if len(value) > 255 else 1}, domain["name"])
        for policy in domain["policies"]:
            get = policy.get
            self.add("ldomPolicy", get("policy_name"), {
                "Name": _text(get("policy_name")),
                "Status": 1 if get("policy_enable") in ("on", "yes", "true") else 2,
                "Priority": _number(get("policy_priority")),
                "VcpuMin": _number(get("policy_vcpu_min")),
                "VcpuMax": _number(get("policy_vcpu_max")),
                "UtilLower": _number(get("policy_util_lower")),
                "UtilUpper": _number(get("policy_util_upper")),
                "TodBegin": _text(get("policy_tod_begin")),
                "TodEnd": _text(get("policy_tod_end")),
                "SampleRate": _number(get("policy_sample_rate")),
                "ElasticMargin": _number(get("policy_elastic_margin")),
                "Attack": _number(get("policy_attack")),
                "Decay": _number(get("policy_decay"))}, domain["name"])

    def services(self):
        for vds in self.state["services"]["vds"]:
            volumes = vds["volumes"]
            self.add("ldomVds", vds["name"], {
                "ServiceName": _text(vds["name"]), "NumofAvailVolume": len(volumes),
                "NumofUsedVolume": sum((vds["name"], volume["name"]) in self.volumes_used
                                       for volume in volumes)}, vds["domain"])
            for volume in volumes:
                self.add("ldomVdsdev", volume["name"], {
                    "VolumeName": _text(volume["name"]), "DevPath": _text(volume["device"]),
                    "Options": _text(volume["options"]), "MPGroup": _text(volume["mpgroup"]),
                    "Clients": sum(
                        (disk["service"], disk["volume"]) == (vds["name"], volume["name"])
                        for domain in self._bound() for disk in domain["disks"])},
                    vds["domain"])
        for vsw in self.state["services"]["vsw"]:
            self.add("ldomVsw", vsw["name"], {
                "ServiceName": _text(vsw["name"]), "MacAddress": _text(vsw["mac"]),
                "PhysDevPath": _text(vsw["dev"]), "Mode": _text(vsw["mode"]),
                "DefaultVlanID": _number(vsw["default_vlan_id"]),
                "PortVlanID": _number(vsw["pvid"]), "VlanID": _text(vsw["vid"]),
                "Linkprop": _text(vsw["linkprop"]), "Mtu": _number(vsw["mtu"]),
                "ID": _number(vsw["id"]), "InterVnetLink": _text(vsw["inter_vnet_link"]),
                "Clients": sum(net["service"] == vsw["name"] for domain in self._bound()
                               for net in domain["networks"])}, vsw["domain"])
        for vcc in self.state["services"]["vcc"]:
            self.add("ldomVcc", vcc["name"], {
                "Name": _text(vcc["name"]), "PortRangeLow": vcc["min"],
                "PortRangeHigh": vcc["max"],
                "Clients": sum(domain["console_service"] == vcc["name"] and not domain["control"]
                               for domain in self._bound())}, vcc["domain"])


# --- comparing -------------------------------------------------------------------------------

# Numbers that only the agent knows; references() looks at them.
REFERENCES = {("ldomVdsdev", "VdsIndex"), ("ldomVdisk", "VdsDevIndex"), ("ldomVdisk", "VdsIndex"),
              ("ldomVnet", "VswIndex"), ("ldomVcons", "VccIndex")}


def _key(table, index, row):
    name = SECOND_OF_NAME.get(table)
    if name is None:
        return index
    second = row.get(name, b"").decode()
    return second if table == "ldomSPConfig" else (index[0], second)


def differences(tables, state, indexes):
    """What is not as the dump has it, in words."""
    expected = Expected(state, indexes).tables
    found = []
    for table in TABLES:
        if table == "ldomVconsVccRel":
            continue
        rows = {_key(table, index, row): row for index, row in tables[table].items()}
        if len(rows) != len(tables[table]):
            found.append(f"{table}: two rows for one object")
        for key in sorted(rows.keys() | expected[table].keys(), key=str):
            row, wanted = rows.get(key), expected[table].get(key)
            if row is None or wanted is None:
                found.append(f"{table} {key}: {'not there' if row is None else 'should not be'}")
                continue
            for column in sorted(row.keys() | wanted.keys()):
                if (table, column) not in REFERENCES and row.get(column) != wanted.get(column):
                    found.append(f"{table}{column} {key}: {row.get(column)!r}, "
                                 f"not {wanted.get(column)!r}")
    # A row that came or went during the walk has some of its columns only: look again first.
    return found + incomplete(tables) or references(tables)


def incomplete(tables):
    """Rows without the columns that the others have."""
    return [f"{table} {index}: {len(row)} columns" for table in TABLES
            for index, row in tables[table].items()
            if len(row) < max(map(len, tables[table].values()))]


def references(tables):
    """References that do not lead to what is named."""
    found = []

    def check(table, index, row, server, second, to, column, name):
        if (row[server] == 0) != (row[second] == 0):
            found.append(f"{table} {index}: half a reference: {row}")
        if row[second] == 0:
            return
        target = tables[to].get((row[server], row[second]))
        if target is None or target[column] != row[name]:
            found.append(f"{table} {index}: {second} leads to {target}, not to {row[name]!r}")

    for index, row in tables["ldomVdisk"].items():
        check("ldomVdisk", index, row, "VdsLdomIndex", "VdsIndex", "ldomVds", "ServiceName",
              "ServiceName")
        if row["VdsDevIndex"] or not row["VdsLdomIndex"]:
            check("ldomVdisk", index, row, "VdsLdomIndex", "VdsDevIndex", "ldomVdsdev",
                  "VolumeName", "VolumeName")
    for index, row in tables["ldomVnet"].items():
        check("ldomVnet", index, row, "VswLdomIndex", "VswIndex", "ldomVsw", "ServiceName",
              "ServiceName")
    for index, row in tables["ldomVcons"].items():
        check("ldomVcons", index, row, "VccLdomIndex", "VccIndex", "ldomVcc", "Name",
              "ServiceName")
    for index, row in tables["ldomVdsdev"].items():
        if row["VdsIndex"] and (index[0], row["VdsIndex"]) not in tables["ldomVds"]:
            found.append(f"ldomVdsdev {index}: no server {row['VdsIndex']}")
    wanted = {(row["VccLdomIndex"], row["VccIndex"], index[0]):
              {"VccIndex": row["VccIndex"], "VconsIndex": index[1],
               "LdomPortNumber": row["PortNumber"], "VccLdomIndex": row["VccLdomIndex"]}
              for index, row in tables["ldomVcons"].items() if row["VccIndex"]}
    if tables["ldomVconsVccRel"] != wanted:
        found.append(f"ldomVconsVccRel: {tables['ldomVconsVccRel']}, not {wanted}")
    return found


def identities(tables):
    """{(table, key): index}: what has to stay as it is as long as the object is there."""
    return {(table, _key(table, index, row)): index
            for table in TABLES if table != "ldomVconsVccRel"
            for index, row in tables[table].items()}
