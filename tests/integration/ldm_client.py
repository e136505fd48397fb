"""A client of ldmd's control interface for tests of the simulator alone: plain transport, one document
at a time, names without their prefixes. It shares no code with the agent.

    ldm = ldm_client.Client(sim.port)
    answer = ldm.ask("list-domain", "ldg1")
    answer.ok, answer.domains["ldg1"].get("ldom_info", "state")
"""
import re
import socket
import xml.etree.ElementTree as ElementTree

from harness import SLOW

ITEM = ('<Section xsi:type="ovf:VirtualHardwareSection_Type"><Item><rasd:OtherResourceType>{type}'
        '</rasd:OtherResourceType>{props}</Item></Section>')
OWN_ELEMENTS = {"units": "rasd:AllocationUnits", "address": "rasd:Address", "uuid": "uuid"}


class Closed(Exception):
    """The simulator hung up; what had come is the argument."""


class Resource:
    """One Item: its type, properties, and what it is bound to."""

    def __init__(self, item):
        self.type, self.props, self.bindings = None, {}, []
        for child in item:
            text = (child.text or "").strip()
            if child.tag == "OtherResourceType":
                self.type = text
            elif child.tag == "GenericProperty":
                self.props[child.get("key")] = text
            elif child.tag == "Binding":
                self.bindings += [Resource(inner) for inner in child.iter("Item")]
            else:
                self.props[child.tag] = text

    def __getitem__(self, key):
        return self.props[key]


class Described:
    """What one data element says: of a domain, or of none (name None)."""

    def __init__(self, data):
        content = data.find("Envelope/Content")
        self.name = content.get("id") if content is not None else None
        self.inside = [Resource(item) for item in (content if content is not None else ())
                       for item in item.findall("Item")]
        self.beside = [Resource(item) for item in data.findall("Envelope/Section/Item")]
        self.ok = data.findtext("response/status", "").strip() == "success"
        self.messages = [node.text for node in data.findall("response/resp_msg")]

    def all(self, kind):
        return [found for found in self.inside + self.beside if found.type == kind]

    def get(self, kind, key, otherwise=None):
        for found in self.all(kind):
            return found.props.get(key, otherwise)
        return otherwise


class Answer:
    def __init__(self, text):
        self.text = text
        self.root = ElementTree.fromstring(bare(text))
        self.version = self.root.get("version")
        self.ok = self.root.findtext("response/status", "").strip().lower() == "success"
        self.action = self.root.findtext("cmd/action")
        self.data = [Described(data) for data in self.root.findall("cmd/data")]
        self.messages = [node.text for node in self.root.iter("resp_msg")]

    @property
    def domains(self):
        return {data.name: data for data in self.data}


def bare(text):
    """Without declarations and prefixes, so that undeclared ones do not matter."""
    text = re.sub(r"<\?xml[^>]*\?>", "", text)
    text = re.sub(r'\s(?:xmlns|xmlns:\w+|xsi:noNamespaceSchemaLocation)="[^"]*"', "", text)
    text = re.sub(r"<(/?)\w+:", r"<\1", text)
    return re.sub(r"\s\w+:(\w+=)", r" \1", text)


def item(kind, **props):
    """A Section with one resource; keys with _ for -, units, address and uuid are elements."""
    text = ""
    for key, value in props.items():
        if key in OWN_ELEMENTS:
            text += f"<{OWN_ELEMENTS[key]}>{value}</{OWN_ELEMENTS[key]}>"
        else:
            text += f'<gprop:GenericProperty key="{key}">{value}</gprop:GenericProperty>'
    return ITEM.format(type=kind, props=text)


class Client:
    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout * SLOW)
        self.buffer = bytearray()

    def close(self):
        self.socket.close()

    def send(self, action, domain=None, *items, option=None, form="option", version="1.3", data="3.0"):
        body = ""
        if domain and data == "2.0":
            body = f"<ldom><ldom_info><ldom_name>{domain}</ldom_name></ldom_info></ldom>"
        elif domain:
            body = (f'<Envelope><References/><Content xsi:type="ovf:VirtualSystem_Type" '
                    f'ovf:id="{domain}">{"".join(items)}</Content></Envelope>')
        elif items:
            body = f'<Envelope><References/>{"".join(items)}</Envelope>'
        options = f"<{form}>{option}</{form}>" if option else ""
        self.socket.sendall(f'<LDM_interface version="{version}"><cmd><action>{action}</action>{options}'
                            f'<data version="{data}">{body}</data></cmd></LDM_interface>'.encode())

    def document(self, root="LDM_interface"):
        """The text of the next document with this root; others before it are passed over."""
        end, seen = f"</{root}>".encode(), 0
        while (at := self.buffer.find(end, seen)) < 0:
            seen = max(0, len(self.buffer) - len(end))
            piece = self.socket.recv(1 << 20)
            if not piece:
                raise Closed(self.buffer.decode())
            self.buffer += piece
        text = self.buffer[:at + len(end)].decode()
        del self.buffer[:at + len(end)]
        return text[text.rindex(f"<{root}"):]

    def ask(self, action, domain=None, *items, **more):
        self.send(action, domain, *items, **more)
        return Answer(self.document())
