"""What becomes of the columns, and which months are delivered."""

from __future__ import annotations

from typing import Final

from core.request.options.option import Option
from core.request.options.values import TEXT, ColumnNames, OnBadDate, Pairs, Undated

COLUMNS: Final = {
    "date_column": Option(
        help="The column by whose month the rows are grouped.",
        type=TEXT,
        absent="detected",
        placeholder="NAME",
        examples=("ORDER_DATE",),
    ),
    "date_format": Option(
        help="The strptime format of dates that are text or digits, `iso` for ISO 8601, or the "
        "unit of times since 1970: `epoch_s`, `epoch_ms`, `epoch_us` or `epoch_ns`.",
        type=TEXT,
        absent="detected",
        placeholder="FORMAT",
        examples=("%d.%m.%Y", "iso", "%Y%m%d", "epoch_ms"),
    ),
    "on_bad_date": Option(
        help="What to do if a date cannot be parsed: `fail` ends the run before anything is "
        "delivered, `null` puts the row into the month NULL.",
        type=OnBadDate,
        default="fail",
    ),
    "timezone": Option(
        help="The time zone in which the month of a TIMESTAMP_LTZ column is taken.",
        type=TEXT,
        absent="the session's",
        placeholder="ZONE",
        examples=("Europe/Zurich",),
    ),
    "sum_columns": Option(
        help="The numeric columns to sum. The other numeric columns are left out.",
        type=ColumnNames | None,
        absent="all numeric columns",
        placeholder="A,B",
        examples=("AMOUNT,QUANTITY",),
    ),
    "key_columns": Option(
        help="The columns to group by in addition to the month, or `none`. The other columns that "
        "are not numeric are left out.",
        type=ColumnNames | None,
        absent="all columns that are not numeric",
        placeholder="A,B|none",
        examples=("REGION,STATUS", "none"),
        library="An empty sequence is `none`.",
    ),
    "drop_columns": Option(
        help="The columns to leave out.",
        type=ColumnNames,
        default=(),
        placeholder="A,B",
        examples=("NOTE,CLERK",),
    ),
    "drop_identifiers": Option(
        help="Leave out the numeric columns that look like identifiers.", type=bool, default=False
    ),
    "rename": Option(
        help="The names that columns have in the delivery. The other columns keep theirs, and all "
        "other options name columns as the table does.",
        type=Pairs | None,
        placeholder="A=B,...",
        examples=("O_ORDERDATE=month,O_TOTALPRICE=total",),
        library="A mapping is accepted too.",
    ),
}

MONTHS: Final = {
    "since": Option(
        help="The first month to read. Rows of earlier months are not read.",
        type=TEXT,
        absent="the first of the table",
        placeholder="MONTH",
        examples=("2024-01",),
    ),
    "until": Option(
        help="The last month to read, which is included. Rows of later months are not read.",
        type=TEXT,
        absent="the last of the table",
        placeholder="MONTH",
        examples=("2024-03",),
    ),
    "last_months": Option(
        help="Read only this many whole months before the current month, instead of `since` and "
        "`until`. The current month is that of Snowflake's CURRENT_DATE when the transfer is "
        "planned, in the session's time zone (`timezone`).",
        type=int | None,
        absent="all months",
        placeholder="NUMBER",
        examples=("1", "12"),
    ),
    "include_current": Option(
        help="Read the current month too, in addition to the last months.", type=bool, default=False
    ),
    "restate_months": Option(
        help="Look at this many whole months before the current month, those of `last_months` "
        "among them, and deliver only those that need it: months of `last_months` that were not "
        "delivered yet, and months whose number of rows or sums differ from those of their last "
        "delivery in the history of this machine. Needs `split_by`.",
        type=int | None,
        absent="none",
        placeholder="NUMBER",
        examples=("3",),
    ),
    "undated": Option(
        help="What to do with rows without a date if only some months are read: `drop` leaves "
        "them out, `keep` delivers them in the month NULL. If all months are read, they are "
        "always delivered.",
        type=Undated,
        default="drop",
    ),
}
