# SPDX-License-Identifier: BSD-3-Clause
"""Where mutants are built and killed: a copy of the tree with a build of its own, which stays for the next
run. Only what differs is written, so that a build after a mutant compiles what that mutant touched."""
import dataclasses
import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import time

from checks import compiler_cache

JOBS = "2"
BUILD_TIMEOUT = 1800
MEMORY = 4 << 30  # a parser that believes every length asks for all there is
CONFIGURE = ["-G", "Ninja", "-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_BUILD_TYPE=Release",
             "-DCMAKE_CXX_FLAGS_RELEASE=-O1", "-DHOLDFAST_WERROR=OFF"]
GTEST = ["--gtest_brief=1", "--gtest_fail_fast"]


@dataclasses.dataclass(frozen=True)
class Killer:
    name: str
    target: str
    command: list


# The quick ones first. The golden images and whatever runs on files and threads ask nothing of these folders
# that the others do not ask sooner.
KILLERS = [
    Killer("core_test", "core_test", ["tests/core_test", *GTEST]),
    Killer("blob_test", "blob_test", ["tests/blob_test", *GTEST]),
    Killer("reduce_test", "reduce_test", ["tests/reduce_test", *GTEST]),
    Killer("format_test", "format_test", ["tests/format_test", *GTEST]),
    Killer("scenarios", "holdfast-sim", ["tools/holdfast-sim", "run", "../tree/scenarios", "--jobs", JOBS]),
    Killer("sim_test", "sim_test", ["tests/sim_test", *GTEST]),
    Killer("holdfast_tool_test", "holdfast_tool_test", ["tests/holdfast_tool_test", *GTEST]),
]
_FAILED = re.compile(r"^\[  FAILED  \] (\S+?)(?:,|\s|$)|^(?:fail\S*|violation|missed\S*)\s.*?(\S+)$",
                     re.MULTILINE)


class Broken(Exception):
    """The copy without a mutant does not build, or fails a killer: no verdict would mean anything."""


class Workshop:
    def __init__(self, folder, texts, paths):
        """`texts` are the files as mutants need them; `paths` all files of the tree."""
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = open(folder / "lock", "w")
        self.tree = folder / "tree"
        self.build_folder = folder / "build"
        self.texts = texts
        self.paths = paths
        self.timeouts = {}
        self.touched = set()

    def open(self, root):
        """Brings the copy up to date."""
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Broken(f"another run is at work in {self.tree.parent}") from None
        self._copy(root)
        if not (self.build_folder / "build.ninja").exists():
            ended, output = self._run(["cmake", "-S", self.tree, "-B", self.build_folder, *CONFIGURE], 300)
            if ended != 0:
                raise Broken(f"the copy cannot be configured:\n{output[-3000:]}")

    def verdict(self, mutant):
        """(kind, words): `killed` by what, `not built`, or `SURVIVED`."""
        self.restore()
        for killer in KILLERS:
            if killer.name not in self.timeouts:
                self._see_it_pass(killer)
            self._put_in(mutant)
            ended, _ = self._build([killer.target])
            if ended != 0:
                return "not built", ""
            ended, output = self._run(self._command(killer), self.timeouts[killer.name])
            if ended is None:
                return "killed", f"by {killer.name}, which did not end"
            if ended != 0:
                return "killed", f"by {killer.name} ({_first_failure(ended, output)})"
        return "SURVIVED", ""

    def _see_it_pass(self, killer):
        """Without a mutant. Most mutants die early, and then the later killers need not be built."""
        self.restore()
        ended, output = self._build([killer.target])
        if ended != 0:
            raise Broken(f"the copy without a mutant does not build:\n{output[-3000:]}")
        began = time.monotonic()
        ended, output = self._run(self._command(killer), 300)
        if ended != 0:
            raise Broken(f"{killer.name} fails without a mutant:\n{output[-3000:]}")
        self.timeouts[killer.name] = 20 + 10 * (time.monotonic() - began)

    def _put_in(self, mutant):
        if self.touched:
            return
        for path, text in mutant.applied(self.texts).items():
            (self.tree / path).write_text(text)
            self.touched.add(path)

    def restore(self):
        """Takes the mutant out again."""
        for path in self.touched:
            (self.tree / path).write_text(self.texts[path])
        self.touched.clear()

    def _copy(self, root):
        for path in self.paths:
            source, target = root / path, self.tree / path
            content = self.texts[path].encode() if path in self.texts else source.read_bytes()
            if target.is_file() and target.read_bytes() == content:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            shutil.copymode(source, target)
        known = {self.tree / path for path in self.paths}
        for path in self.tree.rglob("*"):
            if path.is_file() and path not in known:
                path.unlink()

    def _build(self, targets):
        command = ["cmake", "--build", self.build_folder, "-j", JOBS, "--target", *targets]
        return self._run(command, BUILD_TIMEOUT)

    def _command(self, killer):
        return [self.build_folder / killer.command[0], *killer.command[1:]]

    def _run(self, command, timeout):
        """(exit status, output); no status if it did not end in time."""
        self.build_folder.mkdir(parents=True, exist_ok=True)
        environment = compiler_cache.environment(self.build_folder.parent)
        process = subprocess.Popen([str(word) for word in command], cwd=self.build_folder, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=_limit_memory)
        try:
            output, _ = process.communicate(timeout=timeout)
            return process.returncode, output.decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return None, output.decode(errors="replace")


def _limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _first_failure(ended, output):
    """The first test or scenario that failed, if the output names it."""
    found = _FAILED.search(output)
    if found:
        return found.group(1) or found.group(2)
    return f"signal {-ended}" if ended < 0 else f"exit status {ended}"
