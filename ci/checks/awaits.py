# SPDX-License-Identifier: BSD-3-Clause
"""One await per statement, alone on its right-hand side. gcc 12 miscompiles others
(docs/decisions/coroutines.md): a co_await in a condition may never finish, one in an argument list may
destroy an argument twice."""
import re

from checks.tree import Finding, line_of

SAYS = "each co_await stands alone: a statement, an initialiser, a co_return, or in HF_CO_TRY or HF_CO_CHECK"

REMEDY = "await into a named object first"
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
TOKEN = re.compile(r"\bco_await\b|[(){}\[\];]")
# What may stand before a brace that opens statements and not an initialiser.
BEFORE_BLOCK = re.compile(
    r"(?:[){};:]|\b(?:else|do|try|const|noexcept|mutable|override)|->[\w:<>\s,*&]+)\s*$")
LEAD_IN = re.compile(r"\s*(?:(?:case\b[^;{}]*?|default)\s*(?<!:):(?!:)|else\b)")
WHOLE_RIGHT_HAND_SIDE = re.compile(r"\s*(?:co_return|(?:[\w:<>,&*\s.\[\]]|->)+[^=!<>+\-*/%&|^]=)?\s*")
TRY_MACRO = re.compile(r"\s*HF_CO_(?:TRY|CHECK)\s*$")
OPERATOR = re.compile(r"\?|&&|\|\||[=!<>]=|[^\w\s,<&*:(\-]\s*[+%]|\s[+\-/%|^]\s|,")


def find(tree):
    found = []
    for path in tree.paths():
        code = DIRECTIVE.sub(lambda match: "\n" * match.group().count("\n"), tree.code(path))
        for offset in misplaced(code):
            found.append(Finding(path, line_of(code, offset), "it is part of an expression", REMEDY))
    return found


def misplaced(code):
    """Offsets of the co_awaits that do not stand alone."""
    open_brackets = []  # (bracket, its offset, where the statement around it began, does it open statements)
    statement = 0
    for token in TOKEN.finditer(code):
        text, at = token.group(), token.start()
        if text == "co_await":
            if re.search(r"\boperator\s*$", code[:at]):
                continue
            if not (stands_alone(code, at, statement, open_brackets) and nothing_follows(code, token.end())):
                yield at
        elif text in "({[":
            is_block = text == "{" and bool(BEFORE_BLOCK.search(code, max(0, at - 200), at))
            open_brackets.append((text, at, statement, is_block))
            if is_block:
                statement = at + 1
        elif text in ")}]":
            if open_brackets:
                _, _, around, is_block = open_brackets.pop()
                statement = at + 1 if is_block and text == "}" else around
        elif not open_brackets or open_brackets[-1][0] == "{":
            statement = at + 1


def stands_alone(code, at, statement, open_brackets):
    bracket, opened_at, around, is_block = open_brackets[-1] if open_brackets else ("{", 0, 0, True)
    if bracket == "{" and is_block:
        return bool(WHOLE_RIGHT_HAND_SIDE.fullmatch(without_lead_in(code[statement:at])))
    if bracket == "(":
        before = without_lead_in(code[around:opened_at])
        inside = code[opened_at + 1:at]
        return bool(TRY_MACRO.fullmatch(before)) and "(" not in inside
    return False


def without_lead_in(statement):
    """The statement without labels, `else`, and the parenthesis of an `if` or loop that has no braces."""
    while True:
        if match := LEAD_IN.match(statement):
            statement = statement[match.end():]
        elif match := re.match(r"\s*(?:if(?:\s+constexpr)?|while|for)\s*\(", statement):
            end = closing(statement, match.end())
            if end is None:
                return statement
            statement = statement[end:]
        else:
            return statement


def closing(text, after_open):
    """The offset behind the bracket that closes the one before `after_open`."""
    depth = 1
    for offset in range(after_open, len(text)):
        depth += (text[offset] in "([{") - (text[offset] in ")]}")
        if depth == 0:
            return offset + 1
    return None


def nothing_follows(code, after):
    """Whether the awaited expression is all there is up to the statement's, or its macro's, end."""
    depth, expression = 0, []
    for character in code[after:]:
        if depth == 0 and character in ";)}":
            break
        depth += (character in "([{") - (character in ")]}")
        expression.append(character if depth == 0 else "")
    return not OPERATOR.search(re.sub(r"<[\w:<>\s,*&]*>", "", "".join(expression)))
