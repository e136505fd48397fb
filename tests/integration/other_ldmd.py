"""A second ldmd for tests, written after the vendor's guides alone and unlike ldmd-sim wherever they
leave room: ids without prefix, white space and line ends in values, no References, an XML declaration
before each document, volumes as bindings of their service, flags of five columns, sizes in bytes.

    ldmd = other_ldmd.Ldmd(one_envelope=True)
    ldmd.address                    # plain:127.0.0.1:PORT
    ldmd.domains["apple"].vcpus     # what it has
    ldmd.log                        # [(action, domain, [options])]
"""
import re
import socketserver
import threading
import xml.etree.ElementTree as ElementTree

import ldm_client

HEAD = ('<?xml version="1.0"?>\n<LDM_interface xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'version="{}">\n')
SUCCESS = "<response>\n  <status> success </status>\n</response>"
FAILURE = "<response><status>failure</status></response>"
EVENT = ('<LDM_event version="1.1"><cmd><action>{}</action><data version="3.0"><Envelope>'
         '<Content xsi:type="ovf:VirtualSystem_Type" ovf:id="{}"/><Section/></Envelope></data></cmd></LDM_event>')
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def prop(key, value):
    return f'<gprop:GenericProperty\n   key="{key}">\n {value} \n</gprop:GenericProperty>'


def section(kind, inner, form="VirtualHardwareSection"):
    return (f'<Section xsi:type="ovf:{form}_type"><Item><rasd:OtherResourceType> {kind} '
            f"</rasd:OtherResourceType>{inner}</Item></Section>")


def bound(kind, inner):
    return f"<Binding><Item><rasd:OtherResourceType>{kind}</rasd:OtherResourceType>{inner}</Item></Binding>"


class Domain:
    def __init__(self, number, name, state="active", vcpus=8, memory=4 << 30):
        self.number, self.name, self.state, self.vcpus, self.memory = number, name, state, vcpus, memory

    @property
    def flags(self):
        if self.name == "primary":
            return "-n-cv"
        return "-n---" if self.state == "active" else "-----"


class Ldmd:
    """Habits: one_envelope (all domains in one data), state (how state words are written), uptime,
    utilization, warning (a second response behind a success), forms (elements taken as options),
    ignore_stop, version (of the interface)."""

    def __init__(self, **habits):
        self.habits = {"one_envelope": False, "state": str, "uptime": "1d 22h 53m", "utilization": "0.7%",
                       "warning": "", "forms": ("option", "options", "arguments"), "ignore_stop": False,
                       "version": "1.3", **habits}
        self.lock, self.log, self.listeners = threading.RLock(), [], []
        self.domains = {domain.name: domain for domain in (
            Domain(0, "primary", memory=8 << 30), Domain(1, "apple"), Domain(2, "pear", "bound", 4),
            Domain(3, "fig", "inactive", 2, 1 << 30))}
        ldmd = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                ldmd.serve(self.request)
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"plain:127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # -- requests

    def serve(self, connection):
        buffer, end = b"", b"</LDM_interface>"
        try:
            while piece := connection.recv(65536):
                buffer += piece
                while end in buffer:
                    document, _, buffer = buffer.partition(end)
                    answer = self.answer(ldm_client.bare((document + end).decode()), connection)
                    connection.sendall(answer.encode())
        except OSError:
            pass

    def answer(self, text, connection):
        cmd = ElementTree.fromstring(text).find("cmd")
        action, content = cmd.findtext("action"), cmd.find("data/Envelope/Content")
        name = content.get("id") if content is not None else None
        options = [node.text for node in cmd if node.tag in self.habits["forms"]]
        with self.lock:
            self.log.append((action, name, options))
            data, status = self.run(action, name, options, content, connection)
        return (HEAD.format(self.habits["version"]) +
                f"<cmd><action>{action}</action>{data}{status}</cmd>{status}</LDM_interface>\n")

    def run(self, action, name, options, content, connection):
        if action.startswith("reg-"):
            self.listeners.append(connection)
            return f'<data version="3.0">{SUCCESS}</data>', SUCCESS
        if name and name not in self.domains:
            return self.refusal(name, f"no {name} here")
        if action.startswith("list-"):
            return self.listed(action, name), SUCCESS
        why = self.change(action, self.domains[name], options, content)
        if why:
            return self.refusal(name, why)
        for listener in self.listeners:
            try:
                listener.sendall(EVENT.format(action, name).encode())
            except OSError:
                pass
        return f'<data version="3.0"><Envelope/>{SUCCESS}{self.habits["warning"]}</data>', SUCCESS

    def refusal(self, name, why):
        return (f'<data version="3.0"><Envelope><Content id="{name}"/></Envelope><response><status>failure'
                f"</status><resp_msg>{why}</resp_msg></response></data>"), FAILURE

    def change(self, action, domain, options, content):
        """Why not, or None."""
        units = content.findtext("Section/Item/AllocationUnits")
        if action == "set-vcpu":
            domain.vcpus = int(units)
        elif action == "set-memory":
            number, unit = re.fullmatch(r"(\d+)([KMG]?)", units).groups()
            domain.memory = int(number) * UNITS[unit]
        elif action == "stop-domain" and self.habits["ignore_stop"] and "-f" not in options:
            return "stop timed out"
        elif action in ("stop-domain", "bind-domain"):
            domain.state = "bound"
        elif action == "start-domain":
            domain.state = "active"
        elif action == "unbind-domain":
            domain.state = "inactive"
        else:
            return f"{action} cannot be done"
        return None

    # -- lists

    def listed(self, action, name):
        if action in ("list-devices", "list-spconfig"):
            contents = [section("cpu", "<rasd:AllocationUnits>96</rasd:AllocationUnits>") +
                        section("memory", "<rasd:AllocationUnits>56G</rasd:AllocationUnits>")]
            if action == "list-spconfig":
                contents = [section("spconfig", prop("spconfig_name", "initial") + prop("spconfig_status", "current"),
                                    "ResourceAllocationSection")]
        else:
            shown = [self.domains[name]] if name else self.domains.values()
            contents = [f'<Content xsi:type="ovf:VirtualSystem_Type" id="{domain.name}">'
                        f"{self.described(domain, action)}</Content>" for domain in shown]
        if self.habits["one_envelope"]:
            contents = ["".join(contents)]
        return "".join(f'<data version="3.0"><Envelope>{content}</Envelope>{SUCCESS}</data>'
                       for content in contents)

    def described(self, domain, action):
        services = self.services() if domain.name == "primary" and action in (
            "list-bindings", "list-services") else ""
        if action == "list-services":
            return services
        bindings = ""
        if action == "list-bindings" and domain.state != "inactive":
            bindings = "".join(bound("cpu", prop("vid", i) + prop("pid", 32 * domain.number + i) +
                                     prop("cid", (32 * domain.number + i) // 8) + prop("util_percent", "---"))
                               for i in range(domain.vcpus))
        return (section("ldom_info", self.info(domain), "ResourceAllocationSection") +
                section("cpu", f"<rasd:AllocationUnits>{domain.vcpus}</rasd:AllocationUnits>{bindings}") +
                section("memory", f"<rasd:AllocationUnits> {domain.memory} </rasd:AllocationUnits>") + services)

    def info(self, domain):
        text = f"<uuid>\n 0000000{domain.number}-1111-2222-8333-444455556666\n</uuid>"
        text += f"<rasd:Address>00:03:ba:d8:ba:f{domain.number}</rasd:Address>"
        text += prop("hostid", f"83d8baf{domain.number}") + prop("state", self.habits["state"](domain.state))
        text += prop("flags", domain.flags)
        if domain.state == "active":
            text += prop("utilization", self.habits["utilization"]) + prop("uptime", self.habits["uptime"])
        return text

    def services(self):
        volumes = "".join(bound("vds_volume", prop("vol_name", name) + prop("block_dev", "/dev/dsk/" + name) +
                                prop("service_name", "vds0")) for name in ("apple-root", "pear-root"))
        return (section("vds", prop("service_name", "vds0") + volumes) +
                section("vsw", prop("service_name", "vsw0") + prop("dev-path", "e1000g0")) +
                section("vcc", prop("service_name", "vcc0") + prop("min_port", "5000") + prop("max_port", "5100")))
