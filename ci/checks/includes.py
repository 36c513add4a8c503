# SPDX-License-Identifier: BSD-3-Clause
"""Which part may include which. The arrows are those of docs/architecture.md: nothing points out of
engine/."""
import posixpath
import re

from checks.tree import Finding, line_of

SAYS = "includes follow the arrows: hosts and tools point at the engine, the engine points at nothing"

# Inside the engine a folder includes its public headers, itself, and these.
ENGINE_FOLDERS = {
    "core": (),
    "format": ("core",),
    "durability": ("core", "format"),
    "blob": ("core", "format", "durability"),
    "reduce": ("core", "format", "durability", "blob"),
    "check": ("core", "format"),
}
# What a host may know of the engine.
HOST_HEADERS = tuple(f"engine/include/holdfast/{name}"
                     for name in ("host/", "result.hh", "task.hh", "error.hh", "ids.hh", "assert.hh"))
ENGINE_PUBLIC = "engine/include/"
# Who includes -> what it may include. The first folder that fits decides.
PARTS = {
    "devices/nvme/": ("devices/nvme/", *HOST_HEADERS),
    "devices/simdisk/": ("devices/simdisk/", *HOST_HEADERS),
    # The invariants read raw media, so the simulator sees the format library and the checker, and nothing
    # else inside engine/.
    "sim/": ("sim/", "devices/simdisk/include/", ENGINE_PUBLIC, "engine/format/", "engine/check/"),
    "tools/holdfast-sim/": ("tools/holdfast-sim/", "sim/include/", "devices/simdisk/include/", ENGINE_PUBLIC),
    "tools/holdfast/": ("tools/holdfast/", "devices/nvme/include/", ENGINE_PUBLIC,
                        "engine/core/little_endian.hh", "engine/format/", "engine/check/"),
    "tests/": ("",),
}
# Where a quoted include is looked for, after the folder of the file that has it.
PUBLIC_ROOTS = ("engine/include", "devices/nvme/include", "devices/simdisk/include", "sim/include")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def find(tree):
    found = []
    for path in tree.paths():
        code = tree.code(path)
        for match in INCLUDE.finditer(code):
            if problem := wrong(tree, path, match.group(1)):
                line = line_of(code, match.start(1))
                found.append(Finding(path, line, f'"{match.group(1)}" {problem}', remedy(path)))
    return found


def wrong(tree, path, name):
    target = resolve(tree, path, name)
    if target is None:
        return "is not in the tree"
    if path.startswith("engine/"):
        return wrong_inside_engine(path, target)
    for part, may_include in PARTS.items():
        if path.startswith(part):
            return None if target.startswith(may_include) else f"({target}) is not for {part}"
    return "is included from a folder that has no place in the picture"


def wrong_inside_engine(path, target):
    if not target.startswith("engine/"):
        return "points out of the engine"
    if target.startswith(ENGINE_PUBLIC):
        return None
    if path.startswith(ENGINE_PUBLIC):
        return "is private, and a public header shows it to users"
    folder, wanted = path.split("/")[1], target.split("/")[1]
    if folder not in ENGINE_FOLDERS:
        return f"is included from engine/{folder}/, which has no place in the order of folders"
    if wanted == folder or wanted in ENGINE_FOLDERS[folder]:
        return None
    return f"is above {folder}/ in the order of folders"


def resolve(tree, path, name):
    parts = path.split("/")
    own = [posixpath.dirname(path), parts[0], "/".join(parts[:2])]
    for root in (*own, *PUBLIC_ROOTS, "engine", "sim", "tools", "devices/nvme"):
        candidate = posixpath.normpath(posixpath.join(root, name))
        if candidate in tree.texts:
            return candidate
    return None


def remedy(path):
    if path.startswith("engine/"):
        return "move what is needed down, or pass it in; the order is in ci/checks/includes.py"
    return "use a public header; the arrows are in ci/checks/includes.py"
