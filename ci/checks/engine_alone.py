# SPDX-License-Identifier: BSD-3-Clause
"""Delete the simulator, and the engine's objects do not change by one byte: nothing in them was there for
it."""
import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from checks import compiler_cache
from checks.tree import Finding, Waiting

SAYS = "without sim/ and devices/simdisk/ the engine compiles to the same objects"

GONE = ("sim", "devices/simdisk", "tools/holdfast-sim", "scenarios")


def find(tree):
    if shutil.which("cmake") is None:
        raise Waiting("cmake is not installed")
    with tempfile.TemporaryDirectory(prefix="holdfast-") as folder:
        try:
            whole = objects_of(tree, pathlib.Path(folder, "whole"))
            alone = objects_of(tree, pathlib.Path(folder, "alone"), GONE, "-DHOLDFAST_SIM=OFF")
        except subprocess.CalledProcessError as failure:
            return [Finding("engine/", 0, f"it does not build:\n{failure.stdout[-4000:]}", "mend the build")]
    return list(differences(whole, alone))


def differences(whole, alone):
    for name in sorted(whole.keys() | alone.keys()):
        if whole.get(name) != alone.get(name):
            yield Finding(name, 0, "without the simulator it differs", "see what reaches out of engine/")


def objects_of(tree, copy, gone=(), *options):
    """Object name -> its hash, of the engine built from a copy of the tree."""
    for path in tree.texts:
        if not any(path.startswith(part + "/") for part in gone):
            target = copy / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree.root / path, target)
    run(copy, "cmake", "--preset", "release", "-DHOLDFAST_TESTS=OFF", *options)
    run(copy, "cmake", "--build", "--preset", "release", "--target", "holdfast_engine")
    build = copy / "build" / "release"
    return {str(path.relative_to(build)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((build / "engine").rglob("*.o"))}


def run(folder, *command):
    subprocess.run(command, cwd=folder, check=True, text=True, env=compiler_cache.environment(folder),
                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
