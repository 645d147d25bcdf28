"""Clauses of the form NAME = value, in which Snowflake writes COPY INTO, stages and integrations.

sqlglot parses them in part: it omits CREDENTIALS of a stage and changes their order in COPY.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.sandbox.warehouse import failures

_SECRET = re.compile(
    r"(AWS_KEY_ID|AWS_SECRET_KEY|AWS_TOKEN|MASTER_KEY)(\s*=\s*)('(?:[^'\\]|\\.|'')*'?|[^\s,)]+)",
    re.I,
)
Value = str | tuple[str, ...] | dict[str, "Value"]
Clauses = dict[str, Value]

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|//[^\n]*|/\*.*?\*/)
      | (?P<string>'(?:[^'\\]|\\.|'')*'|\$\$.*?\$\$)
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<location>@(?:"(?:[^"]|"")*"|[^\s"'(),;])+)
      | (?P<word>[A-Za-z_][\w$]*)
      | (?P<number>\d+)
      | (?P<sign>.)""",
    re.X | re.S,
)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|[0-7]{1,3}|.)|''", re.S)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "0": "\0"}


@dataclass(frozen=True)
class Token:
    """A word of a statement: what it is, how it is written, where it begins."""

    kind: str
    text: str
    start: int

    @property
    def value(self) -> str:
        """Return the value of a literal, a quoted name or a word; words in upper case."""
        if self.kind == "string":
            if self.text.startswith("$$"):
                return self.text[2:-2]
            return _ESCAPE.sub(_unescape, self.text[1:-1])
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        return self.text.upper() if self.kind == "word" else self.text


def _unescape(match: re.Match[str]) -> str:
    escape = match[1]
    if escape is None:
        return "'"
    if escape[0] in "xu" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    if escape in _CONTROLS:
        return _CONTROLS[escape]
    return chr(int(escape, 8)) if escape.isdigit() and escape[0] in "01234567" else escape


class Reader:
    """Reads a statement from left to right.

    A method that finds something else than it needs raises Failure 1003, which says what and where.
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._tokens = [
            Token(str(each.lastgroup), each[0], each.start())
            for each in _TOKEN.finditer(sql)
            if each.lastgroup != "space"
        ]
        self._at = 0

    def peek(self) -> Token:
        """Return the next token without taking it; one of kind `end` behind the last."""
        end = Token("end", "<EOF>", len(self.sql))
        return self._tokens[self._at] if self._at < len(self._tokens) else end

    def next(self) -> Token:
        """Take the next token, and return it."""
        token = self.peek()
        self._at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Take these words or signs if all of them come next; return whether they do."""
        ahead = self._tokens[self._at : self._at + len(words)]
        if [each.text.upper() for each in ahead] != list(words):
            return False
        self._at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Take these words or signs."""
        for word in words:
            if not self.accept(word):
                raise self.unexpected()

    def name(self) -> tuple[str, ...]:
        """Parse a dotted name; return its parts, in upper case where they are not quoted."""
        parts = [self._part()]
        while self.accept("."):
            parts.append(self._part())
        return tuple(parts)

    def source(self) -> str:
        """Parse FROM's table or its query in parentheses; return a query as SQL."""
        start = self.peek().start
        if not self.accept("("):
            self.name()
            return f"SELECT * FROM {self.sql[start : self.peek().start]}"
        depth = 1
        while depth:
            token = self.next()
            if token.kind == "end":
                raise self.unexpected(token)
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        return self.sql[start + 1 : token.start]

    def clauses(self) -> Clauses:
        """Parse clauses NAME = value, any number of them, separated by blanks or commas."""
        found: Clauses = {}
        while self.peek().kind == "word" and self.peek().value != "FROM":
            name = self.next().value
            self.expect("=")
            found[name] = self._value()
            self.accept(",")
        return found

    def end(self) -> None:
        """Refuse anything more than a semicolon."""
        self.accept(";")
        if self.peek().kind != "end":
            raise self.unexpected()

    def unexpected(self, token: Token | None = None) -> failures.Failure:
        """Return error 1003 at a token."""
        token = token or self.peek()
        before = self.sql[: token.start]
        column = len(before.rsplit("\n", 1)[-1])
        shown = "<literal>" if token.kind == "string" else token.text  # it may be a secret
        return failures.syntax(before.count("\n") + 1, column, shown)

    def _part(self) -> str:
        token = self.next()
        if token.kind not in ("word", "quoted"):
            raise self.unexpected(token)
        return token.value

    def _value(self) -> Value:
        if not self.accept("("):
            token = self.next()
            if token.kind not in ("word", "quoted", "string", "number"):
                raise self.unexpected(token)
            return token.value
        if self.peek().kind == "word":
            inner: Value = self.clauses()
        else:
            texts = []
            while self.peek().kind == "string":
                texts.append(self.next().value)
                self.accept(",")
            inner = tuple(texts)
        self.expect(")")
        return inner


def redact(sql: str) -> str:
    """Mask the keys in a statement, so that others may see it."""
    return _SECRET.sub(r"\1\2'****'", sql)


def text(clauses: Clauses, name: str, default: str = "") -> str:
    """Return the text of a clause.

    Raises:
        Failure: 1003 when it is a list.
    """
    value = clauses.get(name, default)
    if not isinstance(value, str):
        raise failures.syntax(1, 0, "(")
    return value


def flag(clauses: Clauses, name: str, *, default: bool = False) -> bool:
    """Return the value of a clause that is TRUE or FALSE.

    Raises:
        Failure: 1008 when it is neither.
    """
    value = text(clauses, name, str(default)).upper()
    if value not in ("TRUE", "FALSE"):
        raise failures.invalid(f"invalid value ['{value}'] for parameter '{name}'", 1008)
    return value == "TRUE"


def inner(clauses: Clauses, name: str) -> Clauses:
    """Return the clauses in the parentheses of a clause; empty if it is not given.

    Raises:
        Failure: 1003 when it holds something else.
    """
    value = clauses.get(name, {})
    if value == ():
        return {}
    if not isinstance(value, dict):
        raise failures.syntax(1, 0, name)
    return value


def texts(clauses: Clauses, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return a list of texts, which may be written as one text without parentheses."""
    value = clauses.get(name, default)
    if isinstance(value, dict):
        if value:
            raise failures.syntax(1, 0, name)
        return ()
    return (value,) if isinstance(value, str) else value


def check(clauses: Clauses, known: set[str], what: str) -> None:
    """Refuse a clause that is not known.

    Raises:
        Failure: 1420.
    """
    for name in clauses:
        if name not in known:
            raise failures.invalid(f"invalid property '{name}' for '{what}'", 1420, "22023")
