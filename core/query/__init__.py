"""The SQL of a plan. The only package that makes SQL.

Identifiers are quoted by `quote`, values are bound on the server (`:1`, `:2`, ...), and every
selected expression has an alias that this package chooses, so no name in a table can change the
meaning of a statement. The syntax follows Snowflake's reference; where a statement depends on a
detail of its semantics, a comment there says which.
"""

from core.query.catalog import (
    CURRENT_ACCESS,
    CURRENT_PLACE,
    TODAY,
    describe,
    search_objects,
    show_databases,
    show_objects,
    show_page,
    show_schemas,
)
from core.query.dates import BAD_VALUE_CHARACTERS, INT64, find_extremes, find_number_range
from core.query.grouped import SAFE_DIGITS, select_groups
from core.query.month_preview import (
    PREVIEW_ROWS,
    count_rows,
    reads_all,
    reads_window_first,
    select_first_groups,
    select_months,
)
from core.query.rows import select_bad_dates, select_rows
from core.query.sample import (
    SAMPLE_ROWS,
    SHORT_CHARACTERS,
    pick_sample_columns,
    samples_all,
    samples_rows,
    select_sample,
)
from core.query.statement import Field, Statement, qualify, quote
from core.query.stop_session import stop_session
from core.query.verify import is_float, select_figures
from core.query.white_space import WHITE_SPACE

__all__ = [
    "BAD_VALUE_CHARACTERS",
    "CURRENT_ACCESS",
    "CURRENT_PLACE",
    "INT64",
    "PREVIEW_ROWS",
    "SAFE_DIGITS",
    "SAMPLE_ROWS",
    "SHORT_CHARACTERS",
    "TODAY",
    "WHITE_SPACE",
    "Field",
    "Statement",
    "count_rows",
    "describe",
    "find_extremes",
    "find_number_range",
    "is_float",
    "pick_sample_columns",
    "qualify",
    "quote",
    "reads_all",
    "reads_window_first",
    "samples_all",
    "samples_rows",
    "search_objects",
    "select_bad_dates",
    "select_figures",
    "select_first_groups",
    "select_groups",
    "select_months",
    "select_rows",
    "select_sample",
    "show_databases",
    "show_objects",
    "show_page",
    "show_schemas",
    "stop_session",
]
