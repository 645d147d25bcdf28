"""Months of every type of date, at their ends."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.parity.comparing import check
from tests.parity.engines import Bench
from tests.parity.tables import Table, dated, ns, zoned

JAN, FEB = date(2024, 1, 31), date(2024, 2, 29)


ENDS = (
    "2023-12-31 23:59:59.999999999", "2024-01-01", "2024-01-31 23:59:59.999999999",
    "2024-02-29 12:00:00",
    "2024-03-01", "2100-02-28 23:59:59", "2100-03-01", "1900-02-28",
    "1969-12-31 23:59:59.999999999",
    "1970-01-01", "0001-01-01", "0001-01-31 23:59:59", "9999-12-31 23:59:59.999999999",
    "9999-11-30",
)  # fmt: skip
MONTHS: dict[str, Table] = {
    "date": dated("DATE", *(date.fromisoformat(text[:10]) for text in ENDS)),
    "ntz": dated("TIMESTAMP_NTZ(9)", *map(ns, ENDS)),
    "ntz_seconds": dated("TIMESTAMP_NTZ(0)", *(ns(text) // 10**9 * 10**9 for text in ENDS)),
    "tz": dated(
        "TIMESTAMP_TZ(9)",
        *(zoned(text, minutes) for text in ENDS[:10] for minutes in (0, 345, -720, 840)),
    ),
    "no_dates": dated("DATE"),
}
LOCAL_TIMES = (
    "2024-01-01 04:59:59.999999999", "2024-01-01 05:00:00", "2024-03-31 21:59:59",
    "2024-03-31 22:00:00",
    "2024-04-01 03:59:59", "2024-04-01 04:00:00", "2024-10-31 23:00:00",
    "2024-10-31 22:59:59.999999999",
    "2011-12-31 09:59:59", "2011-12-31 10:00:00", "1969-12-31 18:29:59.999999999",
    "1969-12-31 18:30:00",
)  # fmt: skip


@pytest.mark.parametrize("name", MONTHS)
def test_months(parity: Bench, name: str) -> None:
    formats = ("csv", "ndjson", "parquet", "json")
    check(parity, MONTHS[name], formats[list(MONTHS).index(name) % 4])


@pytest.mark.parametrize(
    "zone", ["UTC", "America/New_York", "Europe/Zurich", "Asia/Kolkata", "Pacific/Apia"]
)
def test_local_months(parity: Bench, zone: str) -> None:
    check(parity, dated("TIMESTAMP_LTZ(9)", *map(ns, LOCAL_TIMES), timezone=zone), "ndjson")


TEXT_DATES: dict[str, dict[str, str]] = {
    "%Y-%m-%d": {"2024-02-29": "2024-02-29", "0001-01-31": "0001-01-31"},
    "%d.%m.%Y": {"31.12.1969": "1969-12-31", "1.2.2024": "2024-02-01", "01.02.2024": "2024-02-01"},
    "%m/%d/%Y": {"12/31/2023": "2023-12-31", "2/9/2024": "2024-02-09"},
    "%d/%m/%y": {"31/12/69": "2069-12-31", "01/01/70": "1970-01-01"},
    "%Y%m%d": {"20240229": "2024-02-29", "19691231": "1969-12-31"},
    "%b %d, %Y": {"Feb 29, 2024": "2024-02-29", "DEC 31, 1999": "1999-12-31"},
    "%d %B %Y": {"29 February 2024": "2024-02-29", "1 march 2024": "2024-03-01"},
    "%Y-%m-%d %H:%M:%S": {
        "9999-12-31 23:59:59": "9999-12-31", "2024-02-01 00:00:00": "2024-02-01"
    },
    "%Y-%m-%dT%H:%M:%S.%f%:z": {"2024-01-31T23:59:59.999999-05:00": "2024-01-31"},
    "%d-%b-%Y %I:%M %p": {
        "31-Jan-2024 11:59 PM": "2024-01-31", "01-Feb-2024 12:00 AM": "2024-02-01"
    },
    "%Y-%m": {"2024-02": "2024-02-01", "1969-12": "1969-12-01"},
}  # fmt: skip
NO_DATES = ("2023-02-29x", "soon", "31.04.2024.", "13/13/2024", "--", "\u200b", "2024-00-00 ")


@pytest.mark.parametrize("form", TEXT_DATES)
def test_text_dates(parity: Bench, form: str) -> None:
    meant = {text: date.fromisoformat(day) for text, day in TEXT_DATES[form].items()}
    texts = [*meant, *(f"\u3000{text}\t\n" for text in meant), "", " \u2003\x85"]
    how: dict[str, Any] = {"meant": meant, "date_format": form}
    check(parity, dated("VARCHAR", *texts, **how), "csv")
    check(parity, dated("VARCHAR", *texts, *NO_DATES, on_bad_date="null", **how), "ndjson")


def test_dates_that_do_not_parse_are_refused_by_all(parity: Bench) -> None:
    meant = {"2024-01-31": date(2024, 1, 31)}
    texts = ["2024-01-31", "2024-02-30", "soon"]
    check(parity, dated("VARCHAR", *texts, meant=meant, date_format="%Y-%m-%d"))


EPOCHS = {
    "epoch_s": (0, -1, 1_706_745_599, 1_706_745_600, -62_135_596_800, 253_402_300_799),
    "epoch_ms": (0, -1, 1_706_745_599_999, 1_706_745_600_000, 253_402_300_799_999),
    "epoch_us": (0, -1, 1_706_745_599_999_999, 1_706_745_600_000_000, 253_402_300_799_999_999),
    "epoch_ns": (0, -1, 1_706_745_599_999_999_999, 1_706_745_600_000_000_000, 2**63 - 1, 1 - 2**63),
}
BEYOND = {
    "epoch_s": (253_402_300_800, -62_135_596_801),
    "epoch_ms": (253_402_300_800_000, -62_135_596_800_001),
    "epoch_us": (253_402_300_800_000_000,),
    "epoch_ns": (2**63, 10**30),
}


@pytest.mark.parametrize("unit", EPOCHS)
def test_epochs(parity: Bench, unit: str) -> None:
    how = {"date_format": unit, "on_bad_date": "null"}
    whole = (*EPOCHS[unit], *BEYOND[unit], 10**37, -(10**37))
    check(parity, dated("NUMBER(38,0)", *whole, **how))
    fractions = [Decimal(n) - Decimal("0.001") for n in EPOCHS[unit]] + [Decimal("-0.001")]
    check(parity, dated("NUMBER(38,3)", *fractions, **how))
    check(parity, dated("NUMBER(38,0)", *EPOCHS[unit], *BEYOND[unit], date_format=unit))


def test_epochs_as_floats(parity: Bench) -> None:
    floats = (0.0, -0.5, 1706745599.999, 1.7067456e9, 1e300, float("nan"), float("inf"), -1e12)
    check(parity, dated("FLOAT", *floats, date_format="epoch_s", on_bad_date="null"))
