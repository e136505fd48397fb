"""Managers that share no code with net-snmp or with each other, and how they read: the whole subtree,
and a table by rows. The same clients set in tests/integration/clients.py.

Each walk gives [(name, type, value)], as harness.parse_varbinds() does of net-snmp's own.
"""
import shutil
import subprocess

import clients
import harness

KINDS = {2: "INTEGER", 4: "OCTETS", 0x41: "Counter32", 0x42: "Gauge32", 0x43: "Timeticks"}

_PYSNMP = r'''
import json, sys
from pysnmp.hlapi import *
job = json.load(sys.stdin)
tags = {"Integer32": 2, "Integer": 2, "OctetString": 4, "Counter32": 0x41, "Gauge32": 0x42,
        "Unsigned32": 0x42, "TimeTicks": 0x43}
if job["version"] == 3:
    auth = UsmUserData("sha256", "auth-secret-2", "priv-secret-2",
                       authProtocol=usmHMAC192SHA256AuthProtocol, privProtocol=usmAesCfb128Protocol)
else:
    auth = CommunityData("public", mpModel=job["version"] - 1)
target = UdpTransportTarget(("127.0.0.1", job["port"]), timeout=6, retries=0)
fixed = (SnmpEngine(), auth, target, ContextData())
start = [ObjectType(ObjectIdentity(name.strip("."))) for name in job["start"]]
steps = (nextCmd(*fixed, *start, lookupMib=False, lexicographicMode=False) if job["version"] == 1 else
         bulkCmd(*fixed, 0, job["repetitions"], *start, lookupMib=False, lexicographicMode=False))
out = []
for problem, status, index, varbinds in steps:
    if problem or status:
        out = [str(problem or status.prettyPrint())]
        break
    for name, value in varbinds:
        kind = type(value).__name__
        if kind == "EndOfMibView":
            continue
        out.append([str(name), tags.get(kind, kind),
                    value.asOctets().hex() if kind == "OctetString" else int(value)])
json.dump(out, sys.stdout)
'''

_NODE = r'''
const snmp = require("net-snmp");
const job = JSON.parse(require("fs").readFileSync(0));
const options = {port: job.port, retries: 0, timeout: 6000};
const session = job.version === 3
    ? snmp.createV3Session("127.0.0.1", {name: "sha256", level: snmp.SecurityLevel.authPriv,
        authProtocol: snmp.AuthProtocols.sha256, authKey: "auth-secret-2",
        privProtocol: snmp.PrivProtocols.aes, privKey: "priv-secret-2"}, options)
    : snmp.createSession("127.0.0.1", "public", Object.assign(options,
        {version: job.version === 1 ? snmp.Version1 : snmp.Version2c}));
const plain = (value) => Buffer.isBuffer(value) ? value.toString("hex") : value;
function end(error, out) {
    session.close();
    process.stdout.write(JSON.stringify(error ? [String(error)] : out));
}
if (job.table) {
    session.table(job.table.replace(/^\./, ""), job.repetitions, (error, table) => {
        for (const row of Object.values(table || {}))
            for (const column of Object.keys(row))
                row[column] = plain(row[column]);
        end(error, table);
    });
} else {
    const out = [];
    session.subtree(job.start[0].replace(/^\./, ""), job.repetitions, (varbinds) => {
        for (const v of varbinds)
            out.push([v.oid, v.type, plain(v.value)]);
    }, (error) => end(error, out));
}
'''

_PERL = r'''
use strict;
use Net::SNMP qw(:asn1);
use JSON::PP;
my $job = decode_json(join("", <STDIN>));
my ($session, $problem) = Net::SNMP->session(-hostname => "127.0.0.1", -port => $job->{port},
    -version => $job->{version} == 1 ? "snmpv1" : "snmpv2c", -community => "public", -timeout => 6,
    -retries => 0, -maxmsgsize => 65535, -translate => [-all => 0]);
die $problem unless $session;
my (@out, %seen);
for my $start (@{$job->{start}}) {
    my @bulk = $job->{version} == 1 ? () : (-maxrepetitions => $job->{repetitions});
    my $table = $session->get_table(-baseoid => $start, @bulk);
    die $session->error unless $table;
    my $types = $session->var_bind_types;
    for my $name (Net::SNMP::oid_lex_sort(keys %$table)) {
        my $kind = $types->{$name};
        my $value = $table->{$name};
        push @out, [$name, $kind, $kind == OCTET_STRING ? unpack("H*", $value) : $value + 0];
    }
}
print encode_json(\@out);
'''


def _run(command, job, env=None):
    out = clients.run_json(command, job, env)
    if out and isinstance(out, list) and isinstance(out[0], str):
        raise AssertionError(f"{command[0]}: {out[0]}")
    return out


def _varbinds(out):
    return [(harness.oid(name), KINDS.get(kind, kind),
             bytes.fromhex(value) if kind == 4 else value) for name, kind, value in out]


class Pysnmp:
    versions = (1, 2, 3)
    why_not = staticmethod(lambda: clients.why_no_pysnmp()[0])

    @staticmethod
    def walk(port, version, start, repetitions=20):
        return _varbinds(_run([clients.why_no_pysnmp()[1], "-c", _PYSNMP], {
            "port": port, "version": version, "start": start, "repetitions": repetitions}))


class Node:
    versions = (1, 2, 3)
    why_not = staticmethod(clients.why_no_node)

    @staticmethod
    def _ask(**job):
        return _run(["node", "-e", _NODE], job, {"NODE_PATH": clients.node_path()})

    @classmethod
    def walk(cls, port, version, start, repetitions=20):
        return _varbinds(cls._ask(port=port, version=version, start=start, repetitions=repetitions))

    @classmethod
    def table(cls, port, version, table, repetitions=20):
        """{index: {column: value}}; octets as hexadecimal digits, so that all values are plain."""
        found = cls._ask(port=port, version=version, table=table, repetitions=repetitions)
        return {int(index): {int(column): value for column, value in row.items()}
                for index, row in found.items()}


class Perl:
    versions = (1, 2)

    @staticmethod
    def why_not():
        if not shutil.which("perl") or subprocess.run(
                ["perl", "-MNet::SNMP", "-MJSON::PP", "-e", "1"], stderr=subprocess.DEVNULL,
                check=False).returncode:
            return "there is no Perl Net::SNMP (Debian: libnet-snmp-perl)"
        return ""

    @staticmethod
    def walk(port, version, start, repetitions=20):
        return _varbinds(_run(["perl", "-e", _PERL], {
            "port": port, "version": version, "start": start, "repetitions": repetitions}))
