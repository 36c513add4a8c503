# SPDX-License-Identifier: BSD-3-Clause
"""The engine has no code that only tests use: a symbol that a test needs is declared to users, or something
else of the project needs it too. Asked of the -O0 build, where no use is hidden by inlining."""
import re
import subprocess

from checks.tree import Finding, Waiting

SAYS = "no symbol of the engine is used by tests alone"

BUILD = "build/debug"
WAITING_FOR_USE = "ci/checks/only_tests.allow"
OTHERS = ("devices", "sim", "tools")


def find(tree):
    build = tree.root / BUILD
    archive = build / "engine" / "libholdfast_engine.a"
    tests = list((build / "tests").rglob("*.o"))
    if not archive.exists() or not tests:
        raise Waiting(f"{BUILD} is not built with its tests")
    others = [path for part in OTHERS for path in (build / part).rglob("*.o")]
    engine = list((build / "engine").rglob("*.o"))
    declared = "\n".join(tree.code(path) for path in tree.paths("engine/include/"))
    used_by_tests_alone = references(tests) & defined(engine) - references(others) - references(engine)
    excused = parse_allowed(tree.texts.get(WAITING_FOR_USE, ""))
    return judge(demangled(used_by_tests_alone), declared, excused)


def judge(symbols, declared, excused):
    """Findings for symbols that no public header declares and nothing excuses, and for idle excuses."""
    hidden = [symbol for symbol in sorted(symbols) if not is_declared(symbol, declared)]
    for symbol in hidden:
        if not any(name in symbol for name in excused):
            yield Finding("engine/", 0, f"only tests use {symbol}", "remove it, or test through what uses it")
    for name in excused:
        if not any(name in symbol for symbol in hidden):
            yield Finding(WAITING_FOR_USE, 0, f"`{name}` has a user now, or is gone", "remove the line")


def is_declared(symbol, declared):
    name = re.sub(r"<.*>|\[abi:.*\]", "", symbol.split("(")[0]).split("::")[-1]
    return re.search(rf"\b{re.escape(name)}\b", declared) is not None


def references(objects):
    """What the objects take from elsewhere, and what they take from themselves (both leave a relocation)."""
    listing = output("objdump", "--reloc", "--wide", *objects) if objects else ""
    return set(re.findall(r"\bR_\w+\s+(\w+)", listing))


def defined(objects):
    listing = output("nm", "--defined-only", "--extern-only", *objects)
    return set(re.findall(r" [TDBR] (\w+)$", listing, re.MULTILINE))


def demangled(symbols):
    return subprocess.run(["c++filt"], input="\n".join(symbols), capture_output=True, text=True,
                          check=True).stdout.splitlines()


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def parse_allowed(text):
    """Lines `part of a symbol | reason`."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [line.split("|")[0].strip() for line in lines]
