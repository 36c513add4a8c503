# SPDX-License-Identifier: BSD-3-Clause
"""What may be missing, found by what the code says and never by where it stands. Each rule takes one function
and yields lists of edits; RULES names them and says which files each of them reads."""
import dataclasses
import re

from mutation import source
from mutation.mutant import Edit, numbered

METADATA_IO = "engine/durability/metadata_io"
VOLUME_MEDIA = "engine/durability/volume_media"
DURABILITY = re.compile(r"engine/durability/\w+\.(cc|hh)$")
DURABILITY_CODE = re.compile(r"engine/durability/\w+\.cc$")
GUARDED = re.compile(r"engine/(durability|blob)/\w+\.(cc|hh)$")
FORMAT = re.compile(r"engine/format/\w+\.cc$")
READERS = re.compile(r"engine/format/\w+(?<!_encoder)\.cc$")
OWNERSHIP = re.compile(r"engine/(durability/space|format/replay)\.cc$")
DATA = re.compile(r"engine/(durability/data\.hh|blob/channel\.cc)$")

_MAKES_EVIDENCE = re.compile(r"Durable<Barrier::(\w+)>\s+(\w+)\s*,\s*co_await\s")
_FLUSH = re.compile(r"co_await\s+(\w+)\.(?:flush|persist)\(std::move\((\w+)\)\)")


class Unknown(Exception):
    """The code has a shape that the rules were not written for."""


@dataclasses.dataclass(frozen=True)
class Place:
    """One function of one file."""
    path: str
    text: str
    code: str  # the text, masked
    body: source.Span
    texts: dict

    def search(self, pattern):
        return re.finditer(pattern, self.code[self.body.begin:self.body.end])

    def at(self, match, group=0):
        return source.Span(self.body.begin + match.start(group), self.body.begin + match.end(group))

    def edit(self, span, text):
        return Edit(self.path, span.begin, span.end, text)

    def dropped(self, pattern):
        """Every statement with the pattern, one at a time."""
        for match in self.search(pattern):
            yield [self.edit(source.statement_around(self.code, self.at(match).begin), ";")]


def with_forged_evidence(texts):
    """The tree as mutants need it: where a flush is missing, something must still give its evidence. Only the
    copy has this door; without a mutant nobody goes through it."""
    door = "\n  template <Barrier B>\n  static Durable<B> forged() noexcept { return Durable<B>{}; }\n"
    changed = {}
    for path, name in ((METADATA_IO, "MetadataIo"), (VOLUME_MEDIA, "VolumeMedia")):
        header = path + ".hh"
        if header not in texts:
            raise Unknown(f"{header} is not there")
        changed[header], count = re.subn(rf"(\bclass {name} \{{\s*public:)",
                                         lambda match: match.group(1) + door, texts[header])
        if count != 1:
            raise Unknown(f"{header} begins `class {name}` otherwise than ci/mutation/rules.py knows")
    return {**texts, **changed}


def _forged(io, barrier):
    return f"{io}.forged<Barrier::{barrier}>()"


def _without_fua(texts, barrier):
    """A write that asks for FUA needs no flush: what waits for this barrier is then sent without."""
    if barrier[0] in "VC":
        return _volume_without_fua(texts, barrier)
    path = METADATA_IO + ".cc"
    match = re.search(r"\.fua = (\w+);", texts[path])
    if match is None:
        raise Unknown(f"{path} asks for FUA otherwise than ci/mutation/rules.py knows")
    waits_for_another = f"{match.group(1)} && purpose.barrier != Barrier::{barrier}"
    return Edit(path, match.start(1), match.end(1), waits_for_another)


def _volume_without_fua(texts, barrier):
    """The data of a chunk, or one of the writes to the begin of the device, which have a barrier each."""
    path = VOLUME_MEDIA + ".cc"
    matches = list(re.finditer(r"\.fua = (\w+);", texts[path]))
    if len(matches) != 2:
        raise Unknown(f"{path} asks for FUA otherwise than ci/mutation/rules.py knows")
    if barrier == "C1":
        return Edit(path, matches[0].start(1), matches[0].end(1), "false")
    waits_for_another = f"{matches[1].group(1)} && B != Barrier::{barrier}"
    return Edit(path, matches[1].start(1), matches[1].end(1), waits_for_another)


def no_flush(place):
    for match in place.search(_FLUSH.pattern):
        barrier = _barrier_of(place, match.group(2))
        forged = f"Result<Durable<Barrier::{barrier}>>({_forged(match.group(1), barrier)})"
        edits = [place.edit(place.at(match), forged)]
        if ".flush(" in match.group():
            edits.append(_without_fua(place.texts, barrier))
        yield edits
    for match in place.search(r"co_await\s+(\w+)\.settle\(\)"):
        forged = f"Result<Durable<Barrier::R1>>({_forged(match.group(1), 'R1')})"
        yield [place.edit(place.at(match), forged)]
    yield from place.dropped(r"HF_CO_CHECK\(co_await device_flush_\.run\(")
    for match in place.search(r"co_return (.*\bvolatile_cache\b[^;]*);"):
        yield [place.edit(place.at(match, 1), "false")]


def _barrier_of(place, written):
    """By its declaration, in the function or among its parameters."""
    declarations = list(re.finditer(rf"(?:Unflushed|Stored)<Barrier::(\w+)>\s+{written}\b",
                                    place.code[:place.body.end]))
    if not declarations:
        raise Unknown(f"{place.path} flushes `{written}`, no Unflushed or Stored of that function")
    return declarations[-1].group(1)


def too_early(place):
    """What waits for evidence runs before the flush that gives it, or before a write which that covers."""
    steps = source.statements(place.code, place.body)
    for index, flush in enumerate(steps):
        made = _MAKES_EVIDENCE.search(flush.of(place.code))
        if made is None:
            continue
        barrier, evidence = made.groups()
        before = [flush] + [step for step in steps[:index] if _writes_for(place, step, barrier)]
        for waits in steps[index + 1:]:
            moved = waits.of(place.text)
            if not re.search(rf"\b{evidence}\b", waits.of(place.code)) or moved.startswith("co_return"):
                continue
            io = re.search(r"co_await\s+(\w+)\.", flush.of(place.code)).group(1)
            moved = re.sub(rf"std::move\({evidence}\)|\b{evidence}\b", _forged(io, barrier), moved)
            for step in before:
                yield [place.edit(waits, ";"), place.edit(source.Span(step.begin, step.begin), moved + "\n")]


def _writes_for(place, step, barrier):
    return re.search(rf"(?:Unflushed|Stored)<Barrier::{barrier}>", step.of(place.code)) is not None


def guard_dropped(place):
    yield from place.dropped(r"(?:\.|->)release\(")
    yield from place.dropped(r"(?:\.|->|(?<=[{;\s]))cancel\(")
    yield from place.dropped(r"(?:\.|->)seal\(\);")
    yield from place.dropped(r"in_doubt = ")
    yield from place.dropped(r"\bdoubts_(?:\.\w+\.(?:insert|add)\(| = )")
    yield from place.dropped(r"\b(?:superseded|redos)\.(?:\w+\.)?(?:insert|add|push_back)\(")
    yield from place.dropped(r"\[\[maybe_unused\]\] const bool all_closed = ")
    yield from place.dropped(r"flush_failed\(\w")
    yield from place.dropped(r"HF_(?:CO_)?CHECK\([\w.>-]*check_(?:writable|not_stopped)\(")
    for match in place.search(r"return (check_not_stopped\(\));"):
        yield [place.edit(place.at(match, 1), "Result<>{}")]


def guard_blind(place):
    """A condition that asks about a stop, a seal, a doubt or a flush that is still due."""
    asks = re.compile(r"stopped\(|\ballowed\b|sealed|in_doubt|close_error_|needs_data_flush\(")
    for condition in source.conditions(place.code, place.body):
        for part in source.alternatives(place.code, condition.span):
            if not asks.search(part.of(place.code)):
                continue
            yield [place.edit(part, f"(({part.of(place.text)}) && false)")]
            if "in_doubt" in part.of(place.code):
                yield [place.edit(part, f"(({part.of(place.text)}) || true)")]


def not_dirty(place):
    yield from place.dropped(r"HF_CO_CHECK\(co_await [\w.>-]*ensure_dirty\(")
    yield from place.dropped(r"\bdirty_mark_\.(?:emplace|reset)\(")
    for match in place.search(r"co_await durability::mark_dirty\((\w+),[^;]*?\)(?=\);)"):
        mark = f"durability::DirtyMark({_forged(match.group(1), 'S4')})"
        yield [place.edit(place.at(match), f"Result<durability::DirtyMark>({mark})")]


def ownership_lost(place):
    yield from place.dropped(r"\w\.set\(")


def not_cleared(place):
    for match in place.search(r"\.write_fresh\([^,;]+, ([^,;]+),"):
        yield [place.edit(place.at(match, 1), "std::span<const ClusterIndex>{}")]
    yield from place.dropped(r"\bfresh_clusters = ")


def not_durable(place):
    """User data loses one of its two ways of becoming durable."""
    for match in place.search(r"\.fua = ((?!false;)[^;]+);"):
        yield [place.edit(place.at(match, 1), "false")]
    for match in place.search(r"return (durable\b[^;]*|io\.fua\b[^;]*);"):
        yield [place.edit(place.at(match, 1), "false")]


def checksum_blind(place):
    for match in place.search(r"= ([^;=]*\bcrc == [^;]*);"):
        yield [place.edit(place.at(match, 1), "true")]


_REFUSES = re.compile(r"\{?\s*(?:co_)?return\s*(?:broken\(|super_error\(|option_error\(|damage\(|Error\s*\{"
                      r"|\w*Step::broken|std::nullopt)")
_PASSES_OVER = re.compile(r"\{?\s*(?:return|continue)\s*;")


def unchecked(place):
    """A validity check lets everything through: each alternative of its condition for itself."""
    for condition in source.conditions(place.code, place.body):
        if _REFUSES.match(place.code, condition.then):
            for part in source.alternatives(place.code, condition.span):
                yield [place.edit(part, f"(({part.of(place.text)}) && false)")]
    for match in place.search(r"return ([^;?]+)\s\? (?:broken|damage|super_error)\("):
        yield [place.edit(place.at(match, 1), f"(({match.group(1)}) && false)")]
    yield from place.dropped(r"HF_(?:CO_)?CHECK\(check_")


def not_passed_over(place):
    for condition in source.conditions(place.code, place.body):
        if _PASSES_OVER.match(place.code, condition.then):
            for part in source.alternatives(place.code, condition.span):
                yield [place.edit(part, f"(({part.of(place.text)}) && false)")]


RULES = {
    "no-flush": (no_flush, DURABILITY),
    "too-early": (too_early, DURABILITY_CODE),
    "guard-dropped": (guard_dropped, GUARDED),
    "guard-blind": (guard_blind, GUARDED),
    "not-dirty": (not_dirty, GUARDED),
    "ownership-lost": (ownership_lost, OWNERSHIP),
    "not-cleared": (not_cleared, GUARDED),
    "not-durable": (not_durable, DATA),
    "checksum-blind": (checksum_blind, FORMAT),
    "unchecked": (unchecked, FORMAT),
    "not-passed-over": (not_passed_over, READERS),
}


def find(texts, names=RULES.keys()):
    """The mutants of a tree that has been through with_forged_evidence(). A rule that finds none was written
    for code that is gone."""
    found = []
    for name in names:
        rule, files = RULES[name]
        for path in sorted(filter(files.match, texts)):
            text = texts[path]
            code = source.masked(text)
            for function in source.functions(code):
                place = Place(path, text, code, function.body, texts)
                found += [(path, function.name, name, edits) for edits in rule(place)]
    idle = set(names) - {rule for _, _, rule, _ in found}
    if idle:
        raise Unknown(f"{', '.join(sorted(idle))} found nothing")
    return numbered(found, texts)
