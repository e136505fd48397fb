"""Managers that share no code with net-snmp or with each other: a SET is a list of
(name, letter, value) with snmpset's letters; an answer is (error, index).

Each is a function that sends many SETs, one after the other, and returns as many answers.
"""
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys

import harness
import sets

_PYSNMP = r'''
import json, sys
from pysnmp.hlapi import *
from pysnmp.proto import rfc1902
job = json.load(sys.stdin)
kinds = {"i": rfc1902.Integer32, "u": rfc1902.Unsigned32, "s": rfc1902.OctetString, "c": rfc1902.Counter32,
         "t": rfc1902.TimeTicks, "C": rfc1902.Counter64, "a": rfc1902.IpAddress,
         "o": rfc1902.ObjectIdentifier, "n": lambda value: rfc1902.Null("")}
if job["version"] == 3:
    auth = UsmUserData("sha256", "auth-secret-2", "priv-secret-2",
                       authProtocol=usmHMAC192SHA256AuthProtocol, privProtocol=usmAesCfb128Protocol)
else:
    auth = CommunityData("private", mpModel=job["version"] - 1)
engine, out = SnmpEngine(), []
target = UdpTransportTarget(("127.0.0.1", job["port"]), timeout=6, retries=0)
for varbinds in job["sets"]:
    things = [ObjectType(ObjectIdentity(name.strip(".")), kinds[kind](value))
              for name, kind, value in varbinds]
    problem, status, index, _ = next(setCmd(engine, auth, target, ContextData(), *things,
                                            lookupMib=False))
    out.append([str(problem) if problem else status.prettyPrint(), int(index)])
json.dump(out, sys.stdout)
'''

_NODE = r'''
const snmp = require("net-snmp");
const job = JSON.parse(require("fs").readFileSync(0));
const T = snmp.ObjectType;
const kinds = {i: T.Integer, u: T.Unsigned32, s: T.OctetString, c: T.Counter, t: T.TimeTicks,
               C: T.Counter64, a: T.IpAddress, o: T.OID, n: T.Null};
const session = snmp.createSession("127.0.0.1", "private", {port: job.port, retries: 0,
    timeout: 6000, version: job.version === 1 ? snmp.Version1 : snmp.Version2c});
const out = [];
function next(i) {
    if (i === job.sets.length) {
        session.close();
        process.stdout.write(JSON.stringify(out));
        return;
    }
    const varbinds = job.sets[i].map(([name, kind, value]) => ({
        oid: name.replace(/^\./, ""), type: kinds[kind],
        value: kind === "o" ? value.replace(/^\./, "") : kind === "C" ? Buffer.from([value]) : value}));
    session.set(varbinds, (error) => {
        if (!error) {
            out.push(["noError", 0]);
        } else if (error.status !== undefined) {
            const at = varbinds.findIndex((v) => String(error.message).endsWith(": " + v.oid));
            const name = snmp.ErrorStatus[error.status];
            out.push([name[0].toLowerCase() + name.slice(1), at + 1]);
        } else {
            out.push([String(error), 0]);
        }
        next(i + 1);
    });
}
next(0);
'''


# Each has its own word for it.
_NAMES = {"genError": "genErr", "generalError": "genErr"}


def run_json(command, job, env=None):
    """A program that takes a job and gives an answer, both in JSON."""
    result = subprocess.run(command, input=json.dumps(job), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                            env=dict(os.environ, **(env or {})))
    if result.returncode != 0:
        raise AssertionError(f"{command[0]}: {result.stderr}")
    return json.loads(result.stdout)


def _run(command, job, env=None):
    return [(_NAMES.get(error, error), index) for error, index in run_json(command, job, env)]


# --- net-snmp's own tool --------------------------------------------------------------------------

def _snmpset_once(snmpd, auth, varbinds):
    arguments = [part for name, kind, value in varbinds for part in (name, kind, str(value))]
    result = harness.snmp(snmpd, "set", arguments, ["-On", "-t", "6", "-r", "0"], auth=auth,
                          check=False)
    if result.returncode == 0:
        return "noError", 0
    reason = re.search(r"Reason: \(?(\w+)", result.stderr)
    if not reason:
        return result.stderr.strip(), 0
    failed = re.search(r"Failed object: (\S+)", result.stderr)
    names = ["." + name.strip(".") for name, _, _ in varbinds]
    at = names.index(failed.group(1)) + 1 if failed and failed.group(1) in names else 0
    return _NAMES.get(reason.group(1), reason.group(1)), at


def snmpset(auth):
    def client(snmpd, jobs):
        # The tool can set neither NULL nor a counter.
        return [_snmpset_once(snmpd, auth, varbinds)
                if all(kind in "iusato" for _, kind, _ in varbinds) else None
                for varbinds in jobs]
    return client


def own(version):
    def client(snmpd, jobs):
        manager = sets.Manager(snmpd, version=version)
        try:
            return [tuple(manager.set(*varbinds)[:2]) for varbinds in jobs]
        finally:
            manager.close()
    return client


# --- Debian's python3-pysnmp4 -----------------------------------------------------------------------

def why_no_pysnmp():
    for python in ("/usr/bin/python3", sys.executable):
        if os.path.exists(python) and subprocess.run(
                [python, "-c", "import pysnmp.hlapi"], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return "", python
    return "there is no python3-pysnmp4", None


def pysnmp(version):
    def client(snmpd, jobs):
        return _run([why_no_pysnmp()[1], "-c", _PYSNMP],
                    {"port": snmpd.port, "version": version, "sets": jobs})
    return client


# --- npm's net-snmp ---------------------------------------------------------------------------------

def node_path():
    private = os.path.join(harness.BUILD, "node", "node_modules")
    return os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), private]))


def _node_works():
    return subprocess.run(["node", "-e", "require('net-snmp')"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False,
                          env=dict(os.environ, NODE_PATH=node_path())).returncode == 0


def why_no_node():
    """Empty when the package is there, or could be installed below the build folder."""
    if not shutil.which("node"):
        return "there is no node"
    if _node_works():
        return ""
    if not shutil.which("npm"):
        return "there is no npm"
    place = os.path.join(harness.BUILD, "node")
    os.makedirs(place, exist_ok=True)
    # Tests run side by side, and one installation is enough.
    with open(os.path.join(place, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _node_works():
            _install(place)
    return "" if _node_works() else "npm's net-snmp cannot be installed"


def _install(place):
    try:
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", ".",
                        "net-snmp@3"], cwd=place, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=90, check=False)
    except subprocess.TimeoutExpired:
        pass


def node(version):
    def client(snmpd, jobs):
        return _run(["node", "-e", _NODE], {"port": snmpd.port, "version": version, "sets": jobs},
                    {"NODE_PATH": node_path()})
    return client
