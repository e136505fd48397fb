"""A bare Debian 12 below a folder, booted with its own systemd: where a stranger installs us.

    with Root("readme") as root:
        root.boot()
        root.run("apt-get install -y snmpd")

It needs root, debootstrap and systemd-nspawn. The first one is made by debootstrap, with the packages
that the tests install already downloaded; each test works on a copy. A booted root has a network of
its own, with nothing but loopback in it, shared with a simulator in the place of a control domain,
which goes on while the root reboots.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from commands import logical_lines, readme_blocks

SRC = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("top_builddir") or os.getcwd()
PLACE = os.environ.get("LDOMS_ROOTS", "/var/tmp/ldoms-roots")
MIRROR = os.environ.get("LDOMS_MIRROR")  # otherwise debootstrap's own
SUITE = "bookworm"
NEEDED = ("debootstrap", "systemd-nspawn", "nsenter", "unshare", "ip")
# What the tests install in a root beside README's block.
MORE_PACKAGES = "bash-completion"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing():
    """Why there can be no root here, or None."""
    if os.geteuid() != 0:
        return "only root can make and boot a root"
    lacking = [name for name in NEEDED if not shutil.which(name, path=PATH)]
    return f"not installed: {', '.join(lacking)}" if lacking else None


def wait_for(condition, timeout, what):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come true in {timeout} s")


def readme_packages():
    install = logical_lines(readme_blocks("#### From source")[0])[0]
    return install.replace("\\\n", " ").partition("install -y ")[2].split()


def base():
    """The root that all are copies of."""
    path = os.path.join(PLACE, f"debian-{SUITE}")
    if os.path.exists(path + ".ready"):
        return path
    os.makedirs(PLACE, exist_ok=True)
    shutil.rmtree(path, ignore_errors=True)
    subprocess.run(["debootstrap", "--include=ca-certificates", SUITE, path] + ([MIRROR] if MIRROR else []), check=True,
                   stdout=subprocess.DEVNULL)
    shutil.copy("/etc/resolv.conf", os.path.join(path, "etc", "resolv.conf"))
    subprocess.run(
        ["chroot", path, "/usr/bin/env", "-i", f"PATH={PATH}", "DEBIAN_FRONTEND=noninteractive",
         "sh", "-ec", "apt-get update -q; apt-get install -q -y -d --no-install-recommends $*;"
         "apt-get install -q -y -d $*", "sh", *readme_packages(), *MORE_PACKAGES.split()],
        check=True, stdout=subprocess.DEVNULL)
    with open(path + ".ready", "w"):
        pass
    return path


class Root:

    def __init__(self, name):
        self.path = os.path.join(PLACE, name)
        self.log = self.path + ".log"
        self.simulator = None
        self.container = None
        self.leader = None

    def __enter__(self):
        self.remove()
        subprocess.run(["cp", "-a", "--reflink=auto", base(), self.path], check=True)
        for name, text in (("etc/hostname", "watcher\n"),
                           ("etc/hosts", "127.0.0.1 localhost watcher cdom1.example.com\n"
                                         "::1 localhost\n")):
            with open(self.inside(name), "w") as f:
                f.write(text)
        return self

    def __exit__(self, *_):
        self.stop()
        if self.simulator:
            self.simulator.kill()
            self.simulator.wait()
        if not os.environ.get("LDOMS_KEEP_ROOTS"):
            self.remove()

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def inside(self, path):
        return os.path.join(self.path, path.lstrip("/"))

    def start_simulator(self, *options):
        """The control domain, at 127.0.0.1 of the root's network."""
        self.control = self.path + ".control"
        if os.path.exists(self.control):
            os.unlink(self.control)
        with open(self.path + ".sim-log", "wb") as log:
            self.simulator = subprocess.Popen(
                ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
                 os.path.join(BUILD, "ldmd-sim"), "-C", self.control, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: os.path.exists(self.control), 20, "the simulator")

    def boot(self):
        assert not self.container
        with open(self.log, "ab") as log:
            self.container = subprocess.Popen(
                ["systemd-nspawn", "--settings=no", "--register=no", "--keep-unit",
                 "--console=pipe", "--boot",
                 f"--network-namespace-path=/proc/{self.simulator.pid}/ns/net", "-D", self.path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.leader = wait_for(self._find_leader, 30, "the root's process 1")
        wait_for(lambda: self.run("systemctl is-system-running", check=False).stdout.strip() in
                 ("running", "degraded"), 90, "the root's start")

    def _find_leader(self):
        """The child of systemd-nspawn that is process 1 of the root."""
        assert self.container.poll() is None, f"the root does not boot, see {self.log}"
        children = f"/proc/{self.container.pid}/task/{self.container.pid}/children"
        with open(children) as f:
            for pid in f.read().split():
                try:
                    with open(f"/proc/{pid}/status") as status:
                        if re.search(r"(?m)^NSpid:.*\t1$", status.read()):
                            return int(pid)
                except OSError:
                    continue
        return None

    def run(self, script, user="root", text="", check=True, timeout=900):
        """A shell script in the booted root; text goes to its standard input."""
        become = [] if user == "root" else ["runuser", "-u", user, "--"]
        result = subprocess.run(
            ["nsenter", "-t", str(self.leader), "-a", "/usr/bin/env", "-i", f"PATH={PATH}",
             "HOME=/root" if user == "root" else f"HOME=/home/{user}", "LANG=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive", *become, "/bin/sh", "-c", script],
            input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", timeout=timeout, check=False)
        if check and result.returncode != 0:
            raise AssertionError(f"{script}\nended with {result.returncode}:\n"
                                 f"{result.stdout[-6000:]}")
        return result

    def stop(self):
        if not self.container:
            return
        if self.container.poll() is None:
            # systemd's signal for "power off".
            try:
                os.kill(self.leader, signal.SIGRTMIN + 4)
            except (ProcessLookupError, TypeError):
                pass
        try:
            self.container.wait(120)
        except subprocess.TimeoutExpired:
            self.container.kill()
            self.container.wait()
        self.container = None

    def reboot(self):
        self.stop()
        self.boot()

    def files(self):
        """{path: kind and mode} of all that a package or make install can leave."""
        found = {}
        for top in ("etc", "usr", "var", "opt", "srv", "home"):
            for folder, folders, names in os.walk(self.inside(top)):
                for name in folders + names:
                    path = os.path.join(folder, name)
                    found[path[len(self.path):]] = oct(os.lstat(path).st_mode)
        return found


if __name__ == "__main__":
    sys.exit(missing() or base() and 0)
