"""The commands that README and the manuals tell people to type."""
import os
import re

SRC = os.environ.get("top_srcdir") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))


def readme_blocks(heading=None, page="README.md"):
    """The shell blocks of a page, or those between a heading and the next one."""
    with open(os.path.join(SRC, page)) as f:
        text = f.read()
    if heading:
        text = re.split(r"(?m)^#+ ", text.partition(f"\n{heading}\n")[2])[0]
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", text)


def logical_lines(block):
    """The commands of a shell block; a here document and a continuation belong to their command."""
    commands, lines = [], block.splitlines()
    while lines:
        command = lines.pop(0)
        here = re.search(r"<<'(\w+)'", command)
        while command.endswith("\\") or (here and not command.endswith("\n" + here.group(1))):
            command += "\n" + lines.pop(0)
        if command.strip():
            commands.append(command)
    return commands


def manual_examples(name):
    """The commands of a manual's EXAMPLES, each with its prompt."""
    with open(os.path.join(SRC, "docs", name)) as f:
        text = f.read().partition(".Sh EXAMPLES")[2].partition("\n.Sh ")[0]
    text = text.replace("\\e\n", "\\\n").replace("\\&", "").replace("\\-", "-")
    return [first or second for first, second in
            re.findall(r"(?m)^\.Dl ([#$] .*)|^([#$] (?:.*\\\n)*.*)", text)]
