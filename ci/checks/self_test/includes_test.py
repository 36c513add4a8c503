# SPDX-License-Identifier: BSD-3-Clause
import unittest

from checks import doors, includes
from checks.tree import Tree

OTHERS = {path: "" for path in (
    "engine/include/holdfast/result.hh", "engine/include/holdfast/blobstore.hh",
    "engine/include/holdfast/host/executor.hh", "engine/core/crc32c.hh", "engine/format/super_block.hh",
    "engine/durability/store.hh", "engine/blob/blob.hh", "engine/reduce/codec.hh", "engine/check/check.hh",
    "devices/nvme/include/holdfast/nvme/host.hh", "devices/simdisk/include/holdfast/simdisk/disk.hh",
    "sim/include/holdfast/sim/runner.hh", "sim/world.hh")}


def passes(path, name):
    return includes.find(Tree({**OTHERS, path: f'// a "comment"\n#include "{name}"\n'})) == []


def door_passes(path, name):
    return doors.find(Tree({path: f"#include <{name}>\n"})) == []


class Includes(unittest.TestCase):
    def test_the_engine_points_at_nothing(self):
        self.assertFalse(passes("engine/core/a.cc", "holdfast/nvme/host.hh"))
        self.assertFalse(passes("engine/core/a.cc", "holdfast/simdisk/disk.hh"))
        self.assertFalse(passes("engine/blob/a.cc", "holdfast/sim/runner.hh"))

    def test_folders_of_the_engine_have_an_order(self):
        self.assertTrue(passes("engine/format/a.cc", "core/crc32c.hh"))
        self.assertTrue(passes("engine/blob/a.cc", "durability/store.hh"))
        self.assertTrue(passes("engine/check/a.cc", "format/super_block.hh"))
        self.assertFalse(passes("engine/core/a.cc", "format/super_block.hh"))
        self.assertFalse(passes("engine/durability/a.cc", "blob/blob.hh"))
        self.assertFalse(passes("engine/check/a.cc", "blob/blob.hh"))
        self.assertFalse(passes("engine/elsewhere/a.cc", "blob/blob.hh"))

    def test_public_headers_show_nothing_private(self):
        self.assertTrue(passes("engine/include/holdfast/a.hh", "holdfast/result.hh"))
        self.assertFalse(passes("engine/include/holdfast/a.hh", "core/crc32c.hh"))

    def test_a_host_sees_only_the_host_interface(self):
        self.assertTrue(passes("devices/nvme/a.cc", "holdfast/host/executor.hh"))
        self.assertTrue(passes("devices/nvme/a.cc", "holdfast/nvme/host.hh"))
        self.assertFalse(passes("devices/nvme/a.cc", "holdfast/blobstore.hh"))
        self.assertFalse(passes("devices/simdisk/a.cc", "core/crc32c.hh"))
        self.assertFalse(passes("devices/simdisk/a.cc", "holdfast/nvme/host.hh"))

    def test_only_the_simulator_joins_engine_and_simulated_host(self):
        self.assertTrue(passes("sim/a.cc", "holdfast/blobstore.hh"))
        self.assertTrue(passes("sim/a.cc", "holdfast/simdisk/disk.hh"))
        self.assertTrue(passes("sim/invariants/b1.cc", "format/super_block.hh"))
        self.assertTrue(passes("sim/invariants/b1.cc", "world.hh"))
        self.assertFalse(passes("sim/a.cc", "blob/blob.hh"))
        self.assertFalse(passes("tools/holdfast/a.cc", "holdfast/simdisk/disk.hh"))

    def test_a_file_that_is_not_there_is_named(self):
        self.assertFalse(passes("engine/core/a.cc", "core/absent.hh"))


class Doors(unittest.TestCase):
    def test_a_library_is_included_at_its_door(self):
        self.assertTrue(door_passes("engine/core/crc32c.cc", "isa-l/crc.h"))
        self.assertTrue(door_passes("engine/reduce/codec_lz4.cc", "lz4.h"))
        self.assertTrue(door_passes("engine/core/a.cc", "vector"))
        self.assertTrue(door_passes("devices/nvme/a.cc", "sys/eventfd.h"))

    def test_and_nowhere_else(self):
        self.assertFalse(door_passes("engine/blob/a.cc", "isa-l/crc.h"))
        self.assertFalse(door_passes("engine/reduce/volume.cc", "lz4.h"))
        self.assertFalse(door_passes("engine/core/a.cc", "liburing.h"))
        self.assertFalse(door_passes("engine/core/a.cc", "nlohmann/json.hpp"))
        self.assertFalse(door_passes("engine/core/a.cc", "pthread.h"))
        self.assertFalse(door_passes("sim/a.cc", "xxhash.h"))
