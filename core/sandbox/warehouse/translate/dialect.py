"""The Snowflake parser: sqlglot's, with function calls left as they are written.

sqlglot rewrites many calls into nodes that other dialects share and loses what Snowflake means
(TO_DATE's format, COUNT_IF, ZEROIFNULL). Here each call stays a name with arguments.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.parsers.snowflake import SnowflakeParser

from core.sandbox.warehouse import failures

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of statements that are parsed here

_OWN_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "POSITION")


class _Parser(SnowflakeParser):
    FUNCTIONS = {}  # noqa: RUF012 - sqlglot's way to configure a parser
    FUNCTION_PARSERS = {  # noqa: RUF012
        name: parse
        for name, parse in SnowflakeParser.FUNCTION_PARSERS.items()
        if name in _OWN_SYNTAX
    }


class SandboxDialect(Snowflake):
    """Snowflake's grammar without sqlglot's function rewriting."""

    Parser = _Parser


@lru_cache(maxsize=64)
def _parse(sql: str) -> tuple[exp.Expr | None, ...]:
    return tuple(SandboxDialect().parse(sql))


def parse(sql: str) -> exp.Expr:
    """Parse the one statement in `sql`.

    Raises:
        Failure: 1003 when it is not SQL, 900 when it is empty, 8 when there are several.
    """
    try:
        statements = [each for each in _parse(sql) if each is not None]
    except ParseError as error:
        raise _syntax_error(sql, error) from error
    except TokenError as error:
        line = sql.count("\n") + 1
        raise failures.syntax(line, len(sql.rsplit("\n", 1)[-1]), "<EOF>") from error
    except (SqlglotError, RecursionError) as error:
        raise failures.syntax(1, 0, sql[:20]) from error
    if not statements:
        raise failures.Failure(900, "42601", "SQL compilation error:\nEmpty SQL statement.")
    if len(statements) > 1:
        raise failures.Failure(
            8,
            "0A000",
            f"Actual statement count {len(statements)} did not match the desired statement"
            " count 1.",
        )
    return statements[0].copy()


def _syntax_error(sql: str, error: ParseError) -> failures.Failure:
    details = error.errors[0] if error.errors else {}
    line = int(details.get("line") or 1)
    word = str(details.get("highlight") or "<EOF>")
    after = str(details.get("end_context") or "")
    column = max(int(details.get("col") or 1) - len(word), 0)
    incomplete = "Required keyword" in str(error) or "SENTINEL" in str(error)
    if incomplete and not re.search(r"\S", after):
        return failures.syntax(line, column + len(word), "<EOF>")
    return failures.syntax(line, column, word)
