# SPDX-License-Identifier: BSD-3-Clause
"""C++ as the rules need it: where functions, statements and conditions begin and end. No parser: the style of
the tree (one statement, one await; braces from the formatter) is what makes this enough."""
import dataclasses
import re

_HIDDEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'""",
                     re.DOTALL)
_BODY_FOLLOWS = re.compile(
    r"\)\s*(?:const|noexcept|override|final|&&?|\s)*(?:->[\w:<>\s,*&]+|:(?!:)[^;{}]*)?$")
_NAME = re.compile(r"([~\w]+(?:::[~\w]+)*)\s*\(")
_CONTROL = re.compile(r"\s*(?:(?:if|for|while|switch|do|else)\b|\{)")
_OPEN, _CLOSED = "([{", ")]}"


def masked(text):
    """The same text, of the same length, with comments and the insides of literals blank."""
    def blank(match):
        found = match.group()
        inside = re.sub(r"[^\n]", " ", found)
        return inside if found[0] == "/" else found[0] + inside[1:-1] + found[-1]
    return _HIDDEN.sub(blank, text)


@dataclasses.dataclass(frozen=True)
class Span:
    begin: int
    end: int

    def of(self, text):
        return text[self.begin:self.end]


@dataclasses.dataclass(frozen=True)
class Function:
    name: str
    body: Span  # between its braces


def functions(code):
    """The outermost functions of masked code, in order."""
    found, begin, depth = [], 0, 0
    name, opened = None, 0
    for match in re.finditer(r"[{};]", code):
        at, mark = match.start(), match.group()
        if mark == "{":
            if name is None and _BODY_FOLLOWS.search(code[begin:at]):
                named = _NAME.search(re.sub(r"\[\[.*?\]\]", "", code[begin:at]))
                name, opened, depth = (named.group(1) if named else "unnamed"), at, 0
            depth += 1
        elif mark == "}":
            depth -= 1
            if name is not None and depth == 0:
                found.append(Function(name, Span(opened + 1, at)))
                name = None
        if name is None:
            begin = match.end()
    return found


def closing(code, opened):
    """Where the bracket that opens at `opened` is closed."""
    depth = 0
    for at in range(opened, len(code)):
        if code[at] in _OPEN:
            depth += 1
        elif code[at] in _CLOSED:
            depth -= 1
            if depth == 0:
                return at
    raise ValueError("a bracket that is never closed")


def statement_end(code, begin):
    """Behind the semicolon of the simple statement that begins there, `if (...)` before it included."""
    at = begin
    while at < len(code):
        if code[at] in _OPEN:
            at = closing(code, at)
        elif code[at] == ";":
            return at + 1
        at += 1
    raise ValueError("a statement without its semicolon")


def statements(code, body):
    """The outermost statements of a body; a block belongs to the statement that it ends."""
    found, begin, at = [], body.begin, body.begin
    while at < body.end:
        ends = code[at] == ";"
        if code[at] in _OPEN:
            block = code[at] == "{"
            at = closing(code, at)
            ends = block and _CONTROL.match(code, begin) and not re.match(r"\s*else\b", code[at + 1:])
        if ends:
            found.append(Span(_first_word(code, begin), at + 1))
            begin = at + 1
        at += 1
    return found


def statement_around(code, at):
    """The innermost simple statement that holds the place, with the `if` or `for` that governs it."""
    begin, depth = at, 0
    while begin > 0:
        mark = code[begin - 1]
        if mark in ")]":
            depth += 1
        elif mark in "([":
            depth = max(0, depth - 1)
        elif mark in ";{}" and depth == 0:
            break
        begin -= 1
    label = re.compile(r"\s*(?:case\b[^;{}]*?[^:]:(?!:)|default\s*:)").match(code, begin, at)
    begin = _first_word(code, label.end() if label else begin)
    return Span(begin, statement_end(code, begin))


@dataclasses.dataclass(frozen=True)
class Condition:
    span: Span  # without an init-statement
    then: int  # where what it governs begins


def conditions(code, body):
    """The conditions of the `if`s of a body. One that declares what it tests cannot be replaced."""
    for match in re.finditer(r"\bif\s*\(", code[body.begin:body.end]):
        opened = body.begin + match.end() - 1
        closed = closing(code, opened)
        begin = max(code.rfind(";", opened, closed) + 1, opened + 1)
        span = Span(_first_word(code, begin), closed)
        if not re.match(r"(?:const\s+)?auto\b", span.of(code)):
            yield Condition(span, _first_word(code, closed + 1))


def alternatives(code, condition):
    """What a condition is an `or` of, down to what is none itself; the whole condition if it is no `or`."""
    bars = [match.start() for match in re.finditer(r"\|\|", condition.of(code))]
    found = []
    for bar in (condition.begin + bar for bar in bars):
        for span in (Span(_back(code, bar, condition.begin), bar),
                     Span(bar + 2, _forth(code, bar + 2, condition.end))):
            trimmed = _trimmed(code, span)
            if "||" not in trimmed.of(code) and trimmed not in found:
                found.append(trimmed)
    return sorted(found, key=lambda span: span.begin) or [condition]


def _back(code, at, limit):
    depth = 0
    while at > limit:
        mark = code[at - 1]
        depth += (mark in _CLOSED) - (mark in _OPEN)
        if depth < 0 or (depth == 0 and code[at - 2:at] == "||"):
            break
        at -= 1
    return at


def _forth(code, at, limit):
    depth = 0
    while at < limit:
        depth += (code[at] in _OPEN) - (code[at] in _CLOSED)
        if depth < 0 or (depth == 0 and code[at:at + 2] == "||"):
            break
        at += 1
    return at


def _first_word(code, at):
    while at < len(code) and code[at].isspace():
        at += 1
    return at


def _trimmed(code, span):
    text = span.of(code)
    return Span(span.begin + len(text) - len(text.lstrip()), span.end - (len(text) - len(text.rstrip())))
