"""What VM-MIB and LIBVIRT-MIB show of the simulator's dump, cell by cell; docs/views.md says why.

Cells are {name below the root of the module: value}. A value that moves by itself is a function that
says whether it may be that.
"""
import socket
import struct

import agentx_master as agentx
import harness
import inventory
import traps

VM = ".1.3.6.1.2.1.236"
LIBVIRT = ".1.3.6.1.4.1.36957"
CONF = "view vm\nview libvirt\n"

# RFC 7666: VirtualMachineOperState
OTHER, PREPARING, RUNNING, SUSPENDED, MIGRATING, SHUTTINGDOWN, SHUTDOWN = 2, 3, 4, 6, 9, 10, 11
VM_STATES = {"active": RUNNING, "starting": RUNNING, "stopping": SHUTTINGDOWN, "bound": SHUTDOWN,
             "inactive": SHUTDOWN, "binding": SHUTDOWN, "unbinding": SHUTDOWN}
VM_NOTIFICATIONS = {1: "vmRunning", 2: "vmShuttingdown", 3: "vmShutdown", 6: "vmSuspended",
                    8: "vmMigrating", 10: "vmDeleted"}
# libvirtGuestState: running 1, shutdown 4, shutoff 5
GUEST_STATES = {"active": 1, "starting": 1, "stopping": 4, "bound": 4, "binding": 4,
                "unbinding": 5}
MEGABYTE = 1 << 20
# vmStorageReadIOs to vmStorageWriteLatency
ABSENT = range(13, 19)


def uuid_octets(domain):
    return bytes.fromhex((domain["uuid"] or "").replace("-", ""))


def is_counter(value):
    return isinstance(value, int) and value >= 0


def _ticks(domain):
    """In whole minutes above one, and some seconds old."""
    if domain["state"] not in ("active", "starting", "stopping"):
        return {0}
    return {100 * seconds for seconds in harness.told_uptimes(domain["uptime"], 60)}


def vm_scalars(state):
    return {
        (1, 1, 1, 0): b"Oracle VM Server for SPARC", (1, 1, 2, 0): b"",
        (1, 1, 3, 0): ".1.3.6.1.4.1.42.2.205", (1, 1, 4, 0): is_counter,
        (1, 2, 0): len(state["domains"]), (1, 3, 0): is_counter, (1, 9, 0): 1, (1, 10, 0): 2}


def vm_row(domain):
    """Columns of vmTable."""
    bound = domain["state"] != "inactive"
    uptimes = _ticks(domain)
    return {
        2: domain["name"].encode(), 3: uuid_octets(domain), 4: b"",
        5: 1 if domain["state"] in ("active", "starting") else 4, 6: VM_STATES[domain["state"]],
        7: 1, 8: 2, 9: domain["vcpus"] * bound, 10: -1, 11: -1, 12: MEGABYTE,
        13: domain["memory"] // MEGABYTE * bound, 14: -1, 15: -1,
        16: lambda value: value in uptimes, 17: is_counter}


def vm_storage_row(disk, volumes):
    volume = volumes.get((disk["service"], disk["volume"]))
    if not volume:
        return {3: 0, 4: 1, 5: b"", 6: f"{disk['volume']}@{disk['service']}".encode(), 7: 1, 8: 3,
                9: b"vdisk", 10: MEGABYTE, 11: -1, 12: -1}
    path, options = volume["device"], volume["options"] or ""
    kind = 3 if path.startswith("/dev/") else 4 if path.startswith("/") else 2
    return {3: 0, 4: kind, 5: options.encode(), 6: path.encode(),
            7: 3 if "ro" in options.split(",") else 2,
            8: 4 if path.lower().endswith(".iso") else 3, 9: b"vdisk", 10: MEGABYTE, 11: -1, 12: -1}


def vm_network_row(net):
    return {2: 0, 3: 0, 4: b"vnet hybrid" if net["mode"] == "hybrid" else b"vnet",
            5: bytes.fromhex(net["mac"].replace(":", ""))}


def numbers(bed, table, column):
    """{(ldomIndex, name): the number that the agent gave it}."""
    return {(index[0], row[column].decode()): index[1]
            for index, row in inventory.read_table(bed, table).items()}


def vm_cells(bed, state, cpu_times=False):
    """cpu_times: there were two answers to list-bindings, so that vmCpuTable has rows."""
    cells = vm_scalars(state)
    indexes = bed.indexes()
    disks, nets = numbers(bed, "ldomVdisk", "Name"), numbers(bed, "ldomVnet", "DevName")
    volumes = {(vds["name"], volume["name"]): volume
               for vds in state["services"]["vds"] for volume in vds["volumes"]}

    def add(table, index, row):
        cells.update({(1, table, 1, column, *index): value for column, value in row.items()})
    for domain in state["domains"]:
        number = indexes[domain["name"]]
        add(4, (number,), vm_row(domain))
        for thread in domain["threads"]:
            if cpu_times:
                add(5, (number, thread["vid"] + 1), {2: is_counter})
            add(6, (number, thread["vid"] + 1, 1000000 + thread["pid"]), {3: 1})
        for disk in domain["disks"]:
            add(7, (number, disks[number, disk["name"]]), vm_storage_row(disk, volumes))
        for net in domain["networks"]:
            add(8, (number, nets[number, net["name"]]), vm_network_row(net))
    return cells


def guest_row(domain):
    return {2: domain["name"].encode(), 3: GUEST_STATES[domain["state"]], 4: domain["vcpus"],
            5: domain["memory"] // MEGABYTE, 6: domain["memory"] // MEGABYTE, 7: is_counter, 9: 1}


def guest_cells(state):
    return {(1, 1, 1, column, *uuid_octets(domain)): value
            for domain in state["domains"] if domain["uuid"] and domain["state"] != "inactive"
            for column, value in guest_row(domain).items()}


def read(bed, root, **more):
    """{name below the root: value}, in the order of the walk."""
    below = len(harness.oid(root))
    return {name[below:]: value for name, _, value in bed.walk(root, **more)}


def differences(cells, wanted):
    found = [f"{name}: not there" for name in wanted if name not in cells]
    found += [f"{name}: {value!r}, and nothing was wanted" for name, value in cells.items()
              if name not in wanted]
    for name, value in wanted.items():
        have = cells.get(name)
        if have is not None and not (value(have) if callable(value) else have == value):
            found.append(f"{name}: {have!r}, not {value!r}")
    if list(cells) != sorted(cells):
        found.append("the names do not rise")
    return found


# --- notifications ---------------------------------------------------------------------------


def _vm_notification(arc, objects):
    (_, name), (_, uuid), (_, before) = objects[:3]
    columns = [n[3] for n, _ in objects]
    assert columns == [2, 3, 6] + [8] * (arc == 10), objects
    assert len({n[4:] for n, _ in objects}) == 1, objects
    assert arc != 10 or objects[3][1] == 2, objects
    assert len(uuid) in (0, 16), objects
    return VM_NOTIFICATIONS[arc], name.decode(), before


def _guest_notification(objects):
    (n, name), (_, uuid), (_, state), (_, status) = objects
    assert [o[:4] for o, _ in objects] == [(1, 1, 1, column) for column in (2, 1, 3, 9)], objects
    assert {o[4:] for o, _ in objects} == {tuple(uuid)} and len(n) == 20, objects
    assert status == (1 if state == 1 else 2), objects
    return name.decode(), state


def notifications(receiver):
    """[(name, domain, state before)] of VM-MIB, [(domain, state)] of LIBVIRT-MIB."""
    machines, guests = [], []
    for varbinds in receiver.varbinds():
        trap = harness.oid(varbinds[1][2])
        for root, into in ((VM, machines), (LIBVIRT, guests)):
            below = harness.oid(root)
            if trap[:len(below)] != below:
                continue
            assert varbinds[0][0] == traps.UPTIME and trap[len(below)] == 0, varbinds
            objects = [(name[len(below):], value) for name, _, value in varbinds[2:]]
            into.append(_vm_notification(trap[-1], objects) if root == VM
                        else _guest_notification(objects))
    return machines, guests


# --- somebody else ---------------------------------------------------------------------------


class Holder:
    """Another subagent, which registers a region and answers nothing."""

    def __init__(self, snmpd, region):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20 * harness.SLOW)
        self.socket.connect(snmpd.agentx)
        self.session = 0
        # o.timeout and three octets that are reserved; o.id; o.descr
        self.session = self._ask(agentx.OPEN, bytes(4) + agentx.encode_oid("") +
                                 agentx.encode_octets("holder"))
        self._ask(agentx.REGISTER, struct.pack("BBBB", 0, 127, 0, 0) + agentx.encode_oid(region))

    def _read(self, n):
        data = b""
        while len(data) < n:
            piece = self.socket.recv(n - len(data))
            assert piece, "snmpd ended the session"
            data += piece
        return data

    def _ask(self, kind, body):
        """The session that the Response is for."""
        self.socket.sendall(struct.pack(">BBBBIIII", 1, kind, agentx.NETWORK_BYTE_ORDER, 0,
                                        self.session, 0, kind, len(body)) + body)
        head = struct.unpack(">BBBBIIII", self._read(20))
        error = struct.unpack(">IHH", self._read(head[7])[:8])[1]
        assert head[1] == agentx.RESPONSE and error == 0, (head, error)
        return head[4]

    def release(self):
        self.socket.close()
