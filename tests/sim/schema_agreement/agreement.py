#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds scenarios/schema.json against the parser: both accept and reject the same files.

  agreement.py SIMULATOR WRITE_MISTAKES SCENARIOS

The schema may be laxer where it cannot say what the parser asks for, and each such place is named here. It is
never stricter."""
import collections
import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import documents  # noqa: E402: it is found through the line above

SIMULATOR, WRITE_MISTAKES, SCENARIOS = (pathlib.Path(each) for each in sys.argv[1:4])
SCHEMA = json.loads((SCENARIOS / "schema.json").read_text())
JUDGE = jsonschema.Draft7Validator(SCHEMA)
SOURCES = SCENARIOS.resolve().parent
NAMES = [form for path in ("engine/core/purpose.cc", "engine/core/error.cc")
         for name in re.findall(r'return "(.+)";', (SOURCES / path).read_text())
         for form in sorted({name, re.sub("[- ]", "_", name)})]
Case = collections.namedtuple("Case", "where what value schema_accepts")
COMPLAINT = re.compile(r"(?P<file>.*?):\d+:\d+: (?P<words>.*)")

# Mistakes of the parser's tests that no schema can see.
BEYOND_BY_NAME = {
    "Document.key_twice",
    "Device.size_odd",
    "Store.no_room",
    "Disks.same_name", "Faults.each_twice", "Faults.damage_beside_a_touched_map_file",
    "Steps.not_aligned", "Steps.unmap_undefined",
    "Story.not_open", "Story.open_twice", "Story.format_while_open", "Story.closed_and_used",
    "Story.unknown_blob", "Story.deleted_blob", "Story.blob_twice", "Story.too_many_clusters",
    "Story.beyond_the_end", "Story.offset_that_wraps", "Story.used_after_a_kill",
    "After.uses_what_no_cut_leaves", "After.uses_what_a_step_creates",
    "After.uses_what_a_step_deletes", "After.uses_what_another_program_touched",
    "After.writes_beyond_what_a_cut_leaves", "After.opens_an_open_store",
    "After.uses_a_closed_store", "After.the_second_after_misses_what_the_first_deletes",
    "After.opens_an_open_volume", "After.goes_beyond_the_volume",
    "Volume.chunk_size_odd", "Volume.unit_of_half_a_block", "Volume.unit_divides_no_chunk",
    "Volume.block_divides_no_chunk", "Volume.too_few_chunks", "Volume.too_many_chunks",
    "VolumeSteps.not_aligned", "VolumeSteps.not_there", "VolumeSteps.there_already", "VolumeSteps.not_open",
    "VolumeSteps.open_twice", "VolumeSteps.created_while_open", "VolumeSteps.destroyed_while_open",
    "VolumeSteps.destroyed_twice", "VolumeSteps.beyond_the_end", "VolumeSteps.beyond_the_end_in_parallel",
    "VolumeSteps.used_after_a_kill",
    "VolumeInABlob.never_created", "VolumeInABlob.too_few_chunks", "VolumeInABlob.too_many_chunks",
    "VolumeInABlob.store_not_open", "VolumeInABlob.blob_not_there", "VolumeInABlob.store_closed_below_it",
    "VolumeInABlob.blob_deleted_below_it", "VolumeInABlob.blob_resized_below_it",
    "VolumeInABlob.written_below_it", "VolumeInABlob.store_destroyed_below_it",
    "VolumeInABlob.used_after_a_kill",
    "MemorySteps.while_open", "MemorySteps.without_a_volume", "MemorySteps.beyond_the_end",
    "MemorySteps.without_a_copy",
    "Spdk.of_an_open_store", "Spdk.unknown_blob", "Spdk.blob_twice", "Spdk.beyond_the_end", "Spdk.deleted",
}

# What the parser says of such: of any value, or of strings only.
BEYOND = re.compile(
    "the store is not open|the store is open|there is no blob|there is a blob|the device has only"
    "|.* goes beyond them|.* is not there after every cut|the device is too small|two disks are called"
    "|\"length\" is more than the device has|what io.unmap leaves"
    "|\"offset\" and \"length\" must be multiples of the (block size|logical block)"
    "|the blob (has only|holds the volume)|no step creates the blob"
    "|the volume is|there is no volume|there is no copy|there is a volume|the volume has"
    "|beside steps that touch a map file"
    "|\"unit_size\" must be a multiple of the device's|\"(unit|logical_block)_size\" must divide")
BEYOND_IN_STRINGS = re.compile(
    "\"size\" must be a multiple|\"cluster_size\" must be a multiple|\"type\" has at most 16 bytes"
    "|\"(chunk|unit|logical_block)_size\" must be a multiple of 512 from")


def parser_judges(texts):
    """name -> the parser's complaints, of which a good file has none."""
    complaints = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (pathlib.Path(folder) / f"{name}.json").write_bytes(text)
        run = subprocess.run([SIMULATOR, "lint", folder], capture_output=True, check=False)
        if run.returncode not in (0, 2):
            raise RuntimeError(f"{SIMULATOR} lint ended with {run.returncode}: {run.stderr}")
        for line in run.stderr.decode(errors="replace").splitlines():
            if match := COMPLAINT.fullmatch(line):
                complaints[pathlib.Path(match["file"]).stem].append(match["words"])
    return complaints


def schema_accepts(text):
    """Whether an editor finds nothing: the text must be JSON, too."""
    def refuse(word):
        raise ValueError(word)
    try:
        return JUDGE.is_valid(json.loads(text, parse_constant=refuse))
    except ValueError:
        return False


def text_of(document):
    return json.dumps(document, indent=1).encode()


class Agreement(unittest.TestCase):
    maxDiff = None

    def test_the_schema_is_one(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_both_accept_every_scenario(self):
        paths = sorted(path for path in SCENARIOS.rglob("*.json") if path.name != "schema.json")
        self.assertGreater(len(paths), 40)
        for path in paths:
            run = subprocess.run([SIMULATOR, "lint", path], capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 0, run.stderr)
            document = json.loads(path.read_text())
            self.assertEqual([error.message for error in JUDGE.iter_errors(document)], [], path)
            self.assertTrue((path.parent / document["$schema"]).samefile(SCENARIOS / "schema.json"), path)

    def test_both_reject_every_mistake_except_those_beyond_the_schema(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([WRITE_MISTAKES, folder], check=True)
            texts = {path.stem: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
        complaints = parser_judges(texts)
        self.assertEqual(set(complaints), set(texts), "what the parser does not reject is no mistake")
        accepted = {name for name, text in texts.items() if schema_accepts(text)}
        self.assertEqual(accepted, BEYOND_BY_NAME)

    def test_both_accept_what_is_odd_and_good(self):
        texts = {name: text_of(each) for name, each in documents.odd_and_good()}
        texts["byte_order_mark"] = b"\xef\xbb\xbf" + text_of(documents.smallest())
        self.assertEqual(dict(parser_judges(texts)), {})
        self.assertEqual([name for name, text in texts.items() if not schema_accepts(text)], [])

    def test_both_reject_what_is_odd_and_bad(self):
        texts = {name: text_of(each) for name, each in documents.odd_and_bad()}
        texts |= {f"no_json_{i}": text for i, text in enumerate(documents.NO_JSON)}
        self.assertEqual(set(parser_judges(texts)), set(texts))
        self.assertEqual([name for name, text in texts.items() if schema_accepts(text)], [])

    def test_a_schema_cannot_see_how_a_number_is_written(self):
        good = text_of(documents.smallest(crash={"nested": 0}))
        texts = {f"zero_{i}": good.replace(b"0", zero) for i, zero in enumerate((b"0.0", b"0e0", b"-0"))}
        self.assertEqual(set(parser_judges(texts)), set(texts))
        self.assertTrue(all(schema_accepts(text) for text in texts.values()))


    def test_the_schema_knows_every_word_of_the_parser(self):
        parser = SOURCES / "sim" / "scenario"
        names = ("parser.cc", "device.cc", "faults.cc", "steps.cc", "volume.cc", "memory.cc")
        code = "".join((parser / name).read_text() for name in names)
        lists = re.findall(r"(?:Keys k\w+|kModifiers\[\]) = \{(.*?)\};", code, re.DOTALL)
        words = set(re.findall(r'"([^"]+)"', "".join(lists)))
        words |= set(re.findall(r'^    \{"(.+?)", read_', code, re.MULTILINE))
        self.assertGreater(len(words), 70)
        self.assertEqual({word for word in words if f'"{word}"' not in json.dumps(SCHEMA)}, set())


class EveryProperty(unittest.TestCase):
    """Changes one place of a good file after the other to each of many values."""

    @classmethod
    def setUpClass(cls):
        cls.cases = {}
        cls.texts = {}
        cls.visited = set()
        for base in documents.bases():
            for where, path, schema in places(SCHEMA, base, [], "#"):
                if where not in cls.visited:
                    cls.visited.add(where)
                    cls.change(base, where, path, schema)
        cls.complaints = parser_judges(cls.texts)

    @classmethod
    def change(cls, base, where, path, schema):
        for value in values_for(schema):
            cls.add(where, "set", value, changed(base, path, value))
        if path and isinstance(path[-1], str):
            cls.add(where, "removed", None, without(base, path))
        if schema.get("additionalProperties") is False:
            cls.add(where, "unknown key", None, changed(base, [*path, "?"], 1))

    @classmethod
    def add(cls, where, what, value, document):
        text = text_of(document)
        cls.texts[f"case{len(cls.cases)}"] = text
        cls.cases[f"case{len(cls.cases)}"] = Case(where, what, value, schema_accepts(text))

    def test_the_base_files_are_good(self):
        texts = {f"base{i}": text_of(base) for i, base in enumerate(documents.bases())}
        self.assertEqual(dict(parser_judges(texts)), {})
        self.assertEqual([name for name, text in texts.items() if not schema_accepts(text)], [])

    def test_every_property_is_described_and_changed(self):
        properties = dict(all_properties(SCHEMA, "#"))
        self.assertEqual(set(properties) - self.visited, set())
        for where, schema in properties.items():
            self.assertRegex(resolved(schema).get("description", ""), r"^[A-Z].*\.$", where)

    def test_both_judge_every_change_alike(self):
        for name, case in self.cases.items():
            complaints = self.complaints.get(name, [])
            if case.schema_accepts:
                within = [words for words in complaints if not beyond(words, case.value)]
                self.assertEqual(within, [], f"the schema accepts {case}")
            else:
                self.assertNotEqual(complaints, [], f"the parser accepts {case}")

    def test_every_property_has_values_that_both_reject(self):
        rejected = collections.defaultdict(set)
        for name, case in self.cases.items():
            if name in self.complaints and not case.schema_accepts:
                rejected[case.where].add(case.what)
        free = {where for where, schema in all_properties(SCHEMA, "#")
                if set(resolved(schema)) == {"description"}}
        self.assertEqual({where.rsplit("/", 1)[1] for where in free}, {"$schema", "note"})
        self.assertEqual({where for where in self.visited if "set" not in rejected[where]}, free)
        for where, schema in all_objects(SCHEMA, "#"):
            self.assertIn("unknown key", {what for at in aliases(where) for what in rejected[at]}, where)
            for key in schema.get("required", []):
                self.assertIn("removed", rejected[f"{where}/properties/{key}"], f"{where} {key}")


def resolved(schema):
    return lookup(schema["$ref"]) if "$ref" in schema else schema


def lookup(pointer):
    schema = SCHEMA
    for key in pointer.split("/")[1:]:
        schema = schema[int(key)] if isinstance(schema, list) else schema[key]
    return schema


def places(schema, value, path, where):
    """Every place of a document that the schema knows: where there, where in the document, its schema."""
    yield where, path, resolved(schema)
    home = schema.get("$ref", where)
    schema = resolved(schema)
    if isinstance(value, dict):
        own = schema.get("properties", {})
        for key, each in own.items():
            if key in value:
                yield from places(each, value[key], path + [key], f"{home}/properties/{key}")
        if isinstance(other := schema.get("additionalProperties"), dict):
            for key in value.keys() - own.keys():
                yield from places(other, value[key], path + [key], f"{home}/additionalProperties")
    if isinstance(value, list) and "items" in schema:
        for i, each in enumerate(value):
            yield from places(schema["items"], each, path + [i], f"{home}/items")
    for i, each in enumerate(schema.get("anyOf", [])):
        if JUDGE.evolve(schema=resolved(each) | {"definitions": SCHEMA["definitions"]}).is_valid(value):
            yield from places(each, value, path, f"{home}/anyOf/{i}")


def all_properties(schema, where):
    for at, each in all_objects(schema, where):
        for key, value in each["properties"].items():
            yield f"{at}/properties/{key}", value


def all_objects(schema, where):
    """Every object with named keys: the file itself, and what stands among the definitions."""
    if "properties" in schema:
        yield where, schema
    for name, each in schema.get("definitions", {}).items():
        yield from all_objects(each, f"{where}/definitions/{name}")


def aliases(definition):
    """Where a definition is used, and itself."""
    found = [definition]

    def search(schema, where):
        if isinstance(schema, dict):
            if schema.get("$ref") == definition:
                found.append(where)
            for key, each in schema.items():
                search(each, f"{where}/{key}")
        if isinstance(schema, list):
            for i, each in enumerate(schema):
                search(each, f"{where}/{i}")

    search(SCHEMA, "#")
    return found


def values_for(schema):
    """Values of every type, and those at the schema's own limits."""
    values = list(documents.VALUES) + (schema["enum"] + NAMES if "enum" in schema else [])
    for limit in ("minimum", "maximum", "multipleOf"):
        if limit in schema:
            values += [schema[limit] - 1, schema[limit], schema[limit] + 1]
    values += [text + "x" for text in schema.get("enum", []) if isinstance(text, str)]
    return values


def changed(base, path, value):
    if not path:
        return value
    document = copy.deepcopy(base)
    holder_of(document, path)[path[-1]] = value
    return document


def without(base, path):
    document = copy.deepcopy(base)
    del holder_of(document, path)[path[-1]]
    return document


def holder_of(document, path):
    for key in path[:-1]:
        document = document[key]
    return document


def beyond(words, value):
    if words.startswith('"offset"') and isinstance(value, int) and value % 512 != 0:
        return False  # of no block size a multiple
    if BEYOND.match(words):
        return True
    return isinstance(value, str) and BEYOND_IN_STRINGS.match(words) is not None


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
