# SPDX-License-Identifier: BSD-3-Clause
"""The files that the parser and the schema are both asked about."""

# Some are good in one place and bad in another.
VALUES = (
    None, True, False, 0, 1, 2, 3, 5, 511, 512, 513, 4063, 4064, 4096, 5000, 65536, 2**32, 2**32 + 4096,
    2**63, 2**64 - 1, 2**64, -1, -4096, 0.5, 4096.5,
    "", "?", "a", "name", "pass", "B1", "seventeen letters", "\u00e9" * 9,
    "0", "1", "4096", "00512", "512B", "4KiB", "5KiB", "64KiB", "4MiB", "1GiB", "5GiB", "1TiB",
    "99999999999TiB", "4kib", "4 KiB", " 4KiB", "+4096", "-4096", "4.5KiB", "0x1000", "KiB",
    [], [True], [True, True], [True, False, True], ["?"], ["B1"], ["B1", "B1"], [None], [{}], [{"?": 1}],
    {}, {"?": 1}, {"bytes": 8}, {"bytes": 4064}, {"bytes": "4KiB"}, {"name": "x"}, {"k": "v"}, {"blob": "a"},
)

READY = [{"store.format": {}}, {"store.open": {}}, {"blob.create": {"name": "a", "clusters": 4}}]
FLUSH = {"io.flush": {"blob": "a"}}
SPDK_ACTIONS = (
    {"create": {"name": "b", "clusters": 1, "thin": False, "extents": "runs", "xattrs": {"k": "v"}}},
    {"set_xattr": {"blob": "a", "name": "k", "value": "v"}},
    {"resize": {"blob": "a", "clusters": 2}},
    {"delete": {"blob": "a"}},
    {"write": {"blob": "a", "offset": 0, "length": 4096, "fua": False, "channel": 0}},
)
HONEST = {"name": "honest", "expect": "pass"}

STORE_STEPS = (
    {"store.close": {}},
    {"store.destroy": {}},
    {"store.set_super_blob": {"blob": "a"}},
    {"store.clear_super_blob": {}},
)
BLOB_STEPS = (
    {"blob.create": {"name": "b", "clusters": 1, "thin": False, "extents": "runs", "xattrs": {"k": "v"}}},
    {"blob.create": {"name": "b", "clusters": 9, "thin": True, "xattrs": {"k": {"bytes": 8}}}},
    {"blob.set_xattr": {"blob": "a", "name": "k", "value": "v"}},
    {"blob.remove_xattr": {"blob": "a", "name": "k"}},
    {"blob.set_read_only": {"blob": "a"}},
    {"blob.sync": {"blob": "a"}},
    {"blob.resize": {"blob": "a", "clusters": 2}},
    {"blob.delete": {"blob": "a"}},
    {"io.write": {"blob": "a", "offset": 4096, "length": 4096, "fua": True, "channel": 1}},
    {"io.write_zeroes": {"blob": "a", "offset": 4096, "length": 4096, "fua": True, "channel": 1}},
    {"io.unmap": {"blob": "a", "offset": 4096, "length": 4096, "fua": False, "channel": 1}},
    {"io.read": {"blob": "a", "offset": 4096, "length": 4096, "fua": False, "channel": 1}},
    FLUSH,
)


CREATED = [{"volume.create": {}}, {"volume.open": {}}]
VOLUME_FLUSH = {"volume.flush": {}}
MEMORY_STEPS = (
    {"memory.poison": {"what": "entry", "chunk": 3}},
    {"memory.lose": {}},
    {"memory.copy": {}},
    {"memory.replace": {"by": "another_volume"}},
)
VOLUME_STEPS = (
    {"volume.close": {}},
    {"volume.write": {"offset": 4096, "length": 4096, "content": "dense"}},
    {"volume.read": {"offset": 4096, "length": 4096}},
    {"volume.unmap": {"offset": 4096, "length": 4096}},
    VOLUME_FLUSH,
)


def smallest(**members):
    return {"scenario": "s", "purpose": "p", "steps": [{"store.format": {}}]} | members


def after_setup(*steps):
    return smallest(setup=READY, steps=list(steps))


def of_a_volume(*steps, **members):
    return smallest(device={"size": "2176KiB"}, volume={}, setup=CREATED, steps=list(steps)) | members


def in_a_blob(*steps, **members):
    made = [{"store.format": {}}, {"store.open": {}},
            {"blob.create": {"name": "disk", "clusters": 136, "thin": True}}]
    return smallest(device={"size": "4MiB"}, store={"metadata_pages": 16}, volume={"blob": "disk"},
                    setup=made + CREATED, steps=list(steps)) | members


def bases():
    """Good files that have every key in one place at least."""
    yield {
        "$schema": "x", "note": "y", "scenario": "s", "purpose": "p", "tags": ["t"],
        "device": {"size": "4MiB", "block_size": 4096, "atomic_write": 4096, "volatile_cache": True,
                   "fua": [True, False], "discard_reads_zero": True, "initial": "garbage"},
        "store": {"cluster_size": "16KiB", "metadata_pages": 16, "type": "mine"},
        "crash": {"nested": 1, "states_per_point": 64, "states_per_case": 1000, "orders": 7},
        "setup": READY,
        "steps": [FLUSH | {"note": "n", "expect": "ok", "may_fail": True}],
        "after": [{"store.close": {}}],
        "disks": [HONEST, {"name": "x", "ignores": ["B1"], "expect": {"violations": ["B1"]}}],
    }
    yield smallest(device={"setup_atomic_write": 4096})
    yield smallest(device={"profile": "zero-trust", "atomic_boundary": 4096, "discard_leaves": "old"})
    for extent in ({"nth": 2}, {"each": True}):
        yield smallest(disks=[HONEST, {"name": "x", "expect": "pass", "faults": [extent | {
            "kind": "rot", "op": "write", "step": "write root", "barrier": "B2", "offset": 4096,
            "length": 4096, "count": 3, "done": "half", "at": 100, "distance": 2, "delay": 3,
            "contract": "detectable", "note": "n"}]}])
    yield smallest(disks=[HONEST, {"name": "x", "expect": "pass", "faults": [
        {"kind": "rot", "region": "metadata", "blob": "a"}]}])
    yield of_a_volume(VOLUME_FLUSH, disks=[HONEST, {"name": "x", "expect": "pass", "faults": [
        {"kind": "memory_rot", "region": "logical_map"}, {"kind": "rot", "region": "header"}]}])
    yield smallest(steps=[{"store.format": {"force": True}}, {"store.open": {}}])
    for step in STORE_STEPS + BLOB_STEPS:
        yield after_setup(step)
    for step in BLOB_STEPS:
        yield after_setup({"parallel": [FLUSH | {"note": "n", "expect": "ok", "may_fail": True}, step]})
    for orders in ("one", "every"):
        yield after_setup({"parallel": [FLUSH, FLUSH], "orders": orders})
    yield after_setup({"blob.sync": {"blob": "a"}, "kill_after": "write root"})
    for action in SPDK_ACTIONS:
        yield after_setup({"store.close": {}}, {"spdk": {"do": [action], "unload": False}})
    yield of_a_volume(VOLUME_FLUSH, after=[VOLUME_FLUSH], volume={
        "chunk_size": 16384, "unit_size": 4096, "logical_block_size": 4096, "codec": "deflate",
        "checksums": True, "write_back": True, "queue_depth": 4, "memory": ["mapped", "persistent"]})
    yield of_a_volume(VOLUME_FLUSH, volume={"memory": "mapped"})
    yield of_a_volume({"volume.create": {"replace": True}}, {"volume.destroy": {}}, setup=CREATED[:1])
    for step in VOLUME_STEPS:
        yield of_a_volume(step)
    for step in MEMORY_STEPS:
        yield of_a_volume(step, {"volume.open": {"write_beside_damage": True}}, setup=CREATED[:1])
    for step in VOLUME_STEPS[1:]:
        yield of_a_volume({"parallel": [VOLUME_FLUSH | {"note": "n", "expect": "ok"}, step]})


    closed = [{"volume.close": {}}, {"store.close": {}}]
    yield in_a_blob(VOLUME_FLUSH, *closed, after=closed)


def odd_and_good():
    yield "smallest", smallest()
    yield "ignored_keys_of_any_kind", smallest(**{"$schema": -1, "note": [{"steps": 0.5}, None]})
    yield "note_of_any_kind", smallest(steps=[{"store.format": {}, "note": {"x": -1}}])
    yield "zeroes_before_a_size", smallest(device={"size": "0004MiB", "block_size": "0512B"})
    yield "no_unit", smallest(device={"size": "4194304", "atomic_write": "65536"})
    yield "largest_device", smallest(device={"size": "4GiB"}, store={"cluster_size": "64MiB"})
    yield "smallest_store", smallest(device={"size": 65536},
                                     store={"cluster_size": 4096, "metadata_pages": 1})
    yield "type_of_sixteen_letters", smallest(store={"type": "sixteen letters!"})
    yield "no_tags", smallest(tags=[])
    yield "one_case", smallest(device={"fua": False})
    yield "barrier_ignored_twice", smallest(
        disks=[HONEST, {"name": "x", "ignores": ["B1", "B1"], "expect": "pass"}])
    yield "honest_in_many_words", smallest(disks=[{"name": "x", "ignores": [], "expect": "pass"}])
    yield "xattr_without_a_name", after_setup({"blob.create": {"name": "b", "xattrs": {"": ""}}})
    yield "pattern_of_no_bytes", after_setup({"blob.create": {"name": "b", "xattrs": {"k": {}}}})
    yield "pattern_of_kibibytes", after_setup(
        {"blob.set_xattr": {"blob": "a", "name": "k", "value": {"bytes": "3KiB"}}})
    yield "largest_thin_blob", after_setup({"blob.create": {"name": "b", "clusters": 65536, "thin": True}})
    yield "too_large_and_expected", after_setup({"blob.create": {"name": "b", "clusters": 2**64 - 1},
                                                 "expect": "no_space"})
    yield "unknown_blob_and_expected", after_setup({"blob.sync": {"blob": "b"}, "expect": "not_found"})
    yield "parallel_with_a_note", after_setup({"parallel": [FLUSH, FLUSH], "note": "n"})
    yield "volume_with_zeroes_before_its_sizes", of_a_volume(VOLUME_FLUSH, volume={
        "chunk_size": "016KiB", "unit_size": "00512B", "logical_block_size": "1024"}, device={
        "size": "2176KiB", "block_size": 512})
    yield "volume_of_the_largest_chunks", of_a_volume(
        VOLUME_FLUSH, device={"size": "129MiB"}, volume={"chunk_size": "1MiB", "unit_size": "1MiB"})
    yield "volume_of_the_most_chunks", of_a_volume(VOLUME_FLUSH, device={"size": "10MiB"})
    yield "volume_beyond_the_end_and_expected", of_a_volume(
        {"volume.read": {"offset": "1GiB", "length": 4096}, "expect": "out_of_range"})
    yield "volume_refused_and_not_open", smallest(
        device={"size": "2176KiB"}, volume={}, steps=[{"volume.open": {}, "expect": "not_found"}])
    yield "volume_killed_while_it_is_made", smallest(device={"size": "2176KiB"}, volume={}, steps=[
        CREATED[0] | {"kill_after": "write map path"}, {"volume.create": {"replace": True}}])
    yield "volume_killed_while_it_is_destroyed", of_a_volume(
        {"volume.destroy": {}, "kill_after": "erase superblock"}, CREATED[0], setup=CREATED[:1])
    yield "after_that_creates_what_it_uses", smallest(
        after=[{"blob.create": {"name": "own"}}, {"blob.sync": {"blob": "own"}}])
    yield "map_replaced_by_its_copy", of_a_volume(
        {"memory.copy": {}}, {"memory.replace": {"by": "copy"}}, setup=CREATED[:1])
    yield "map_handled_while_the_volume_is_open_and_expected", of_a_volume(
        {"volume.close": {}}, {"volume.destroy": {}}, {"memory.lose": {}, "expect": "not_found"})
    yield "map_handled_after_a_cut", of_a_volume(VOLUME_FLUSH, after=[
        {"volume.close": {}}, {"memory.lose": {}}, {"volume.open": {}, "expect": "not_found"}])
    yield "volume_in_a_blob_beside_another_one", in_a_blob(
        {"blob.create": {"name": "other", "clusters": 1}},
        {"parallel": [VOLUME_FLUSH, {"io.write": {"blob": "other", "length": 4096}}]},
        {"io.read": {"blob": "disk", "length": 4096}})
    yield "volume_and_its_blob_gone", in_a_blob(
        {"volume.close": {}}, {"volume.destroy": {}}, {"blob.delete": {"blob": "disk"}},
        {"store.destroy": {}})
    yield "volume_opened_where_its_store_is_closed_and_expected", in_a_blob(
        {"volume.close": {}}, {"store.close": {}}, {"volume.open": {}, "expect": "invalid_argument"})


def odd_and_bad():
    parallel = {"parallel": [FLUSH, FLUSH]}
    yield "kill_of_a_parallel_after_a_cut", smallest(after=[parallel | {"kill_after": "write root"}])
    yield "kill_in_a_parallel_after_a_cut", smallest(
        after=[{"parallel": [FLUSH, FLUSH | {"kill_after": "write root"}]}])
    yield "discard_leaves_zeroes_by_name", smallest(
        device={"discard_leaves": "anything", "discard_reads_zero": True})
    yield "step_that_nobody_kills_at", after_setup(FLUSH | {"kill_after": "flush"})
    yield "no_barrier", smallest(disks=[HONEST, {"name": "x", "ignores": ["A1"], "expect": "pass"}])
    yield "moment", smallest(crash={"at": "every-event"})
    yield "loss", smallest(crash={"lose": "any-subset"})
    yield "thin_and_too_large", after_setup({"blob.create": {"name": "b", "clusters": 65537, "thin": True}})
    yield "resized_too_far", after_setup({"blob.resize": {"blob": "a", "clusters": 65537}})
    yield "atomic_write_of_128_kibibytes", smallest(device={"atomic_write": "128KiB"})
    yield "setup_without_steps", smallest(setup=[])
    yield "after_without_steps", smallest(after=[])
    yield "volume_with_a_store", of_a_volume(VOLUME_FLUSH, store={})
    yield "volume_set_up_elsewhere", of_a_volume(
        VOLUME_FLUSH, device={"size": "2176KiB", "setup_atomic_write": 512})
    yield "volume_without_its_options", smallest(steps=CREATED)
    yield "store_beside_a_volume", of_a_volume({"store.format": {}})
    yield "store_after_a_volume", of_a_volume(VOLUME_FLUSH, after=[{"store.close": {}}])
    yield "volume_after_a_store", after_setup(FLUSH) | {"after": [VOLUME_FLUSH]}
    yield "volume_beside_a_store", after_setup({"parallel": [FLUSH, VOLUME_FLUSH]})
    yield "chunk_of_two_mebibytes", of_a_volume(VOLUME_FLUSH, volume={"chunk_size": "2MiB"})
    yield "volume_step_that_nobody_kills_at", of_a_volume(VOLUME_FLUSH | {"kill_after": "read units"})
    yield "map_handled_beside_a_flush", of_a_volume({"parallel": [VOLUME_FLUSH, MEMORY_STEPS[1]]})
    yield "map_of_a_store", after_setup(MEMORY_STEPS[1])
    yield "superblock_of_a_chunk", of_a_volume(
        {"memory.poison": {"what": "superblock", "chunk": 0}}, setup=CREATED[:1])
    yield "map_lost_and_killed", of_a_volume(
        {"memory.lose": {}, "kill_after": "persist"}, setup=CREATED[:1])
    yield "map_lost_and_killed_after_a_cut", of_a_volume(
        VOLUME_FLUSH, after=[{"volume.close": {}}, {"memory.lose": {}, "kill_after": "persist"}])
    yield "spdk_below_a_volume", in_a_blob({"volume.close": {}}, {"store.close": {}}, {"spdk": {}})
    yield "spdk_below_a_volume_after_a_cut", in_a_blob(VOLUME_FLUSH, after=[{"spdk": {}}])
    yield "volume_in_a_blob_set_up_elsewhere", in_a_blob(
        VOLUME_FLUSH, device={"size": "4MiB", "setup_atomic_write": 512})
    yield "not_an_object", [smallest()]


NO_JSON = (
    b"", b" ", b"{", b"{\"a\":1,}", b"{'a':1}", b"nul", b"NaN", b"{\"scenario\": NaN}", b"01", b"\"\\u12\"",
    b"// x\n{}", b"{}{}", b"{\"scenario\": \"\xff\"}",
)
