"""Where each error number that the product or the sandbox knows comes from.

A number that somebody saw only in this repository proves nothing: both sides may be wrong together.
A new number needs a source here, or stands among those without one, which `--check` cannot prove
either.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import core
from core.warehouse.error_codes import BY_NUMBER, BY_STATE
from core.warehouse.unload_errors import WORDED

_SOURCE = Path(core.__file__).parent
# snowflake-connector-python before 5.0, snowflake/connector/network.py
_NETWORK = "snowflake-connector-python network.py, constants *_GS_CODE"
# The errors of real accounts, as users quoted them; the words are in the recordings.
_QUOTED = "quoted by users; the recordings' errors/verbatim.json links each"
# snowflake-connector-python 5, _internal/errorcode.py
_CONNECTOR = "snowflake-connector-python _internal/errorcode.py"
# The kinds of errors of the connector's core, measured with 5.2: shared by all its drivers.
_CORE = "snowflake-connector-python 5.2, ERROR_KIND_*"

_DETAILS = "docs.snowflake.com, SYSTEM$GET_LOGIN_FAILURE_DETAILS"

SOURCES: dict[int, str] = {
    2: "docs.snowflake.com, CREATE BUDGET: 000002 (0A000) Unsupported feature",
    **dict.fromkeys((4, 5, 7, 14), _CORE),
    **dict.fromkeys((6, 604, 605, 606, 630, 904, 1003, 1030, 2003, 3001, 3127), _QUOTED),
    **dict.fromkeys((90073, 90105, 91003, 100035, 100038, 100039, 100046, 100058), _QUOTED),
    **dict.fromkeys((100145, 390100, 390102, 390144, 390201, 390303, 390318), _QUOTED),
    **dict.fromkeys((390420, 390422, 390913, 394400, 394508), _QUOTED),
    707: "docs.snowflake.com, AT | BEFORE: 000707 (02000) Time travel data is not available",
    709: "snowflakedb/snowpark-python, to_pandas_batches in a task: 000709 (02000)",
    2043: "dbt-labs/dbt-core#621: 002043 (02000)",
    2140: "quoted in tutorials: 002140 (42601) Unknown function STDEV",
    90106: "snowflake-connector-python's users: 090106 (22000) does not have a current schema",
    100040: "quoted in tutorials: 100040 (22007) Date '09-23-2023' is not recognized",
    **dict.fromkeys((250002, 252005, 255001), _CONNECTOR),
    390104: "snowflake-connector-nodejs lib/constants/gs_errors.js: SESSION_TOKEN_INVALID",
    390111: "snowflake-connector-nodejs lib/constants/gs_errors.js: GONE_SESSION",
    **dict.fromkeys((390112, 390113, 390114, 390115), _NETWORK),
    **dict.fromkeys((394300, 394302, 394303, 394304, 394306, 394307), _DETAILS),
}
UNPROVEN = {
    *(8, 612, 710, 900, 1052, 2049, 3128, 100048, 100171, 300002),
    *(252013, 255005),  # of connector 4; 5.2 no longer lists them
    *(390120, 390189, 390197),
}


def of_sandbox() -> Iterator[int]:
    """The numbers with which the sandbox's modules make failures."""
    for path in (_SOURCE / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                if name in ("Failure", "Refused") and isinstance(first, ast.Constant):
                    yield int(first.value)


def test_every_number_has_a_source() -> None:
    product = {*BY_NUMBER, *WORDED, *(number for number, _ in BY_STATE)}
    known = product | set(of_sandbox())
    assert len(known) > 50
    assert sorted(known - SOURCES.keys() - UNPROVEN) == []
    assert sorted((SOURCES.keys() | UNPROVEN) - known) == []  # nor one that is not used
    assert sorted(SOURCES.keys() & UNPROVEN) == []
