"""Other processors: 32 bits (i386, which this machine runs by itself), and most significant byte first
(s390x, by qemu-user). In a copy of the bare root of tests/install:

    make check-ports                  # or PORTS=i386; needs root, debootstrap, systemd-nspawn

Built with -Werror by a cross compiler; then all unit tests, a walk and SETs through an snmpd and a
simulator of this machine, and state files that go to and fro between the two builds. One line for each:
the counts are those of docs/portability.md.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "install"))
import bareroot  # noqa: E402

PORTS = {
    # Debian's name: (GNU's name, folder of its libraries, what runs it, how much slower that is)
    "i386": ("i686-linux-gnu", "i386-linux-gnu", "", 4),
    "s390x": ("s390x-linux-gnu", "s390x-linux-gnu", "qemu-s390x-static -L /", 15),
}
TOOLS = ("make autoconf automake pkgconf snmpd snmp python3 erlang-snmp procps perl qemu-user-static "
         "libxml2 libssl3").split()
LIBRARIES = "libc6-dev libsnmp-dev libxml2-dev libssl-dev libcmocka-dev".split()
INTEGRATION = ("tests/integration/test_walk.py tests/integration/test_set.py "
               "tests/portability/test_exchange.py")

PREPARE = """
export DEBIAN_FRONTEND=noninteractive
dpkg --add-architecture $ARCH
apt-get update -q
apt-get install -q -y --no-install-recommends $PACKAGES
"""

BUILD = """
mkdir /root/build && cd /root/build
/root/source/configure -q --enable-werror --host=$HOST \\
    PKG_CONFIG_LIBDIR=/usr/lib/$FOLDER/pkgconfig:/usr/share/pkgconfig
make -s -j2 all
make -s -j2 check TESTS=
# What the agent talks to is this machine's.
cp /root/native/ldmd-sim ldmd-sim
"""

TEST = """
cd /root/build
units=$(make -pn 2>/dev/null | sed -n 's/^check_PROGRAMS = //p' | head -n 1)
make -k -j2 check TESTS="$units" || true
make -k check TESTS="$INTEGRATION" || true
"""


class Port:

    def __init__(self, arch):
        self.arch = arch
        self.host, self.folder, self.wrapper, self.slow = PORTS[arch]
        self.path = os.path.join(bareroot.PLACE, "port-" + arch)

    def run(self, script, network=False, **variables):
        """In the root, which is not booted for this."""
        environment = [f"--setenv={name}={value}" for name, value in variables.items()]
        return subprocess.run(
            ["systemd-nspawn", "--settings=no", "--register=no", "--keep-unit", "--console=pipe",
             "-q", *([] if network else ["--private-network"]), *environment, "-D", self.path,
             "/bin/sh", "-ec", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False)

    def need(self, what, *arguments, **more):
        result = self.run(*arguments, **more)
        if result.returncode != 0:
            sys.exit(f"{self.arch}: cannot {what}:\n{result.stdout[-4000:]}")

    def prepare(self):
        shutil.rmtree(self.path, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", bareroot.base(), self.path], check=True)
        compiler = "gcc-" + self.host.replace("_", "-")
        self.need("install", PREPARE, network=True, ARCH=self.arch, PACKAGES=" ".join(
            [compiler, *TOOLS, *(f"{name}:{self.arch}" for name in LIBRARIES)]))
        os.makedirs(os.path.join(self.path, "root", "source"))
        archive = glob.glob(os.path.join(bareroot.BUILD, "ldoms-snmp-*.tar.xz"))
        subprocess.run(["tar", "-C", os.path.join(self.path, "root", "source"),
                        "--strip-components=1", "-xf", *archive], check=True)
        native = os.path.join(self.path, "root", "native")
        os.makedirs(native)
        for name in ("ldoms-agentx", "ldmd-sim"):
            shutil.copy(os.path.join(bareroot.BUILD, name), native)

    def test(self):
        """Whether all passed."""
        self.need("build", BUILD, HOST=self.host, FOLDER=self.folder)
        variables = {"LDOMS_OTHER_AGENT": "/root/native/ldoms-agentx", "INTEGRATION": INTEGRATION,
                     "LDOMS_TEST_SLOW": self.slow}
        if self.wrapper:
            variables.update(UNIT_WRAPPER=self.wrapper, AGENT_WRAPPER=self.wrapper)
        said = self.run(TEST, **variables).stdout
        counts = [dict((kind, int(n)) for kind, n in re.findall(r"# (PASS|SKIP|FAIL|ERROR): +(\d+)",
                                                                part))
                  for part in re.split(r"(?m)^# TOTAL:", said)[1:]]
        for what, count in zip(("unit tests", "walk, SETs, exchange of state"), counts):
            print(f"{self.arch}: {what}: {count['PASS']} passed, {count['FAIL'] + count['ERROR']} "
                  f"failed, {count['SKIP']} skipped", flush=True)
        for line in re.findall(r"(?m)^(?:FAIL|ERROR|SKIP): .*$", said):
            print(f"{self.arch}:   {line}")
        return len(counts) == 2 and all(
            count["PASS"] and not count["FAIL"] and not count["ERROR"] for count in counts)


def main():
    why = bareroot.missing()
    if why:
        sys.exit(f"check-ports cannot run: {why}")
    good = True
    for arch in sys.argv[1:] or PORTS:
        port = Port(arch)
        port.prepare()
        good = port.test() and good
        if not os.environ.get("LDOMS_KEEP_ROOTS"):
            shutil.rmtree(port.path, ignore_errors=True)
    sys.exit(not good)


if __name__ == "__main__":
    main()
