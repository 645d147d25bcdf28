"""Where each error number that the product or the sandbox knows comes from.

A number that somebody saw only in this repository proves nothing: both sides may be wrong together.
A new number needs a source here. Where the number of a refusal has none, the sandbox refuses with
the number of a similar one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import core
from core.warehouse.error_codes import BY_NUMBER, BY_STATE
from core.warehouse.unload_errors import WORDED

# A SQL state of one of the classes that the sandbox uses.
_STATE = re.compile("(?=.*[0-9])[0-9A-Z]{5}")
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

_PYTHON = "github.com/snowflakedb/snowflake-connector-python/issues"
_FUNCTIONS = "docs.snowflake.com/en/sql-reference/functions"
# Snowflake's errors with number and state, as projects on GitHub quote them; found by full text.
_FULL_TEXT = "quoted with number and state by projects on GitHub, found by full text"

SOURCES: dict[int, str] = {
    2: "docs.snowflake.com, CREATE BUDGET: 000002 (0A000) Unsupported feature",
    8: "github.com/mage-ai/mage-ai/issues/5695: 000008 (0A000) Actual statement count 4 did not",
    **dict.fromkeys((4, 5, 7, 14), _CORE),
    **dict.fromkeys((6, 604, 605, 606, 630, 904, 1003, 1030, 2003, 3001, 3127), _QUOTED),
    **dict.fromkeys((90073, 90105, 91003, 100035, 100038, 100039, 100046, 100058), _QUOTED),
    **dict.fromkeys((100145, 390100, 390102, 390144, 390201, 390303, 390318), _QUOTED),
    **dict.fromkeys((390420, 390422, 390913, 394400, 394508), _QUOTED),
    603: "github.com/open-metadata/OpenMetadata/issues/4486: 000603 (XX000) internal error",
    707: "docs.snowflake.com, AT | BEFORE: 000707 (02000) Time travel data is not available",
    709: "snowflakedb/snowpark-python, to_pandas_batches in a task: 000709 (02000)",
    710: f"{_PYTHON}/1596: 000710, get_results_from_sfqid of a statement that failed",
    900: "github.com/taskrabbit/empujar/pull/64: Empty SQL statement; the number: " + _FULL_TEXT,
    938: "github.com/tekumara/fakesnow, transforms: 000938 (22023) not enough arguments for",
    939: f"{_FUNCTIONS}/search: 000939 (22023) too many arguments for function",
    979: "docs.snowflake.com, GROUP BY ALL: 000979 [SUM(...)] is not a valid group by expression",
    1007: "github.com/ibis-project/ibis, tests of Snowflake: 001007 (22023) invalid type [CAST(",
    1008: "github.com/snowflakedb/terraform-provider-snowflake, TODO: 001008 (22023) invalid value",
    1011: "github.com/tekumara/fakesnow, COPY INTO: 001011 (42601) invalid URL prefix found in",
    1015: f"{_FUNCTIONS}/search: 001015 (22023) argument 2 to function SEARCH needs to be constant",
    1044: f"{_FUNCTIONS}/typeof: 001044 (42P13) Invalid argument types for function",
    1420: "snowflakedb/terraform-provider-snowflake, tests: 001420 (22023) invalid property",
    1430: "github.com/MeltanoLabs/target-snowflake/pull/525: 001430 (42601) column already exists",
    1789: _FULL_TEXT + ": 001789 (42601) invalid number of result columns for set operator",
    2019: _FULL_TEXT + ": 002019 (0A000) JSON file format can produce one and only one column",
    2020: _FULL_TEXT + ": 002020 (21S01) Insert value list does not match column list",
    2025: _FULL_TEXT + ": 002025 (42S21) duplicate column name",
    2026: "github.com/tekumara/fakesnow, CTAS: 002026 (42601) Invalid column definition list",
    2028: "github.com/Snowflake-Labs/sfquickstarts/issues/783: 002028 (42601) ambiguous",
    2040: "github.com/snowflakedb/SnowAlert/issues/399: 002040 (42601) Unsupported data type",
    2043: "dbt-labs/dbt-core#621: 002043 (02000)",
    2049: f"{_PYTHON}/1211: Bind variable ? not set; the number: " + _FULL_TEXT,
    2057: _FULL_TEXT + ": 002057 (42601) View definition for ... declared",
    2140: "quoted in tutorials: 002140 (42601) Unknown function STDEV",
    2203: "docs.snowflake.com, streams on dynamic tables: 002203 (42601) Object found is of type",
    3115: "github.com/snowflakedb/terraform-provider-snowflake/issues/445: 003115 (42601)",
    90106: "snowflake-connector-python's users: 090106 (22000) does not have a current schema",
    90150: _FULL_TEXT + ": 090150 (22000) Single-row subquery returns more than one row",
    100037: f"{_FUNCTIONS}/booland_agg: 100037 (22018) Boolean value ... is not recognized",
    100040: "quoted in tutorials: 100040 (22007) Date '09-23-2023' is not recognized",
    100051: f"{_FUNCTIONS}/div0: 100051 (22012) Division by zero",
    100069: f"{_FUNCTIONS}/parse_json: 100069 (22P02) Error parsing JSON",
    100072: _FULL_TEXT + ": 100072 (22000) NULL result in a non-nullable column",
    100078: "docs.snowflake.com, data type conversion: 100078 (22000) String ... is too long",
    100093: _FULL_TEXT + ": 100093 (22000) Cannot unload empty string without file format option",
    100171: "github.com/feast-dev/feast/issues/3548; the number: " + _FULL_TEXT,
    **dict.fromkeys((250002, 252005, 255001), _CONNECTOR),
    255005: "github.com/snowflakedb/snowpark-python/issues/737; connector 3 errorcode.py",
    390104: "snowflake-connector-nodejs lib/constants/gs_errors.js: SESSION_TOKEN_INVALID",
    390111: "snowflake-connector-nodejs lib/constants/gs_errors.js: GONE_SESSION",
    **dict.fromkeys((390112, 390113, 390114, 390115), _NETWORK),
    390120: "snowflake-connector-net Core/SFError.cs: EXT_AUTHN_DENIED",
    390189: "Snowflake-Labs/sfquickstarts, guide to Hex: 390189 (08004) Role 'PRIVATE' specified",
    **dict.fromkeys((394300, 394302, 394303, 394304, 394306, 394307), _DETAILS),
}
_MAKERS = {"Failure", "Refused", "invalid", "raising", "_complaint"}


def of_sandbox() -> Iterator[int]:
    """The numbers with which the sandbox's modules make failures, and those beside a SQL state."""
    for path in (_SOURCE / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                values = [each.value for each in node.args if isinstance(each, ast.Constant)]
                made = name in _MAKERS
            elif isinstance(node, ast.Tuple):
                values = [each.value for each in node.elts if isinstance(each, ast.Constant)]
                made = any(isinstance(each, str) and _STATE.fullmatch(each) for each in values)
            else:
                continue
            yield from (each for each in values if made and type(each) is int)


def of_product() -> set[int]:
    """The numbers that have a meaning to the product."""
    return {*BY_NUMBER, *WORDED, *(number for number, _ in BY_STATE)}


def test_every_number_has_a_source() -> None:
    known = of_product() | set(of_sandbox())
    assert len(known) > 80
    assert sorted(known - SOURCES.keys()) == []
    assert sorted(SOURCES.keys() - known) == []  # nor one that is not used
