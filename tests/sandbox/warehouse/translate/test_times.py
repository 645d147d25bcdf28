"""Dates and times: scales, zones, offsets, formats, the ends of the calendar."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from core.sandbox.warehouse.engine.engine import EngineSession
from core.sandbox.warehouse.protocol.wire import encode
from tests.sandbox.warehouse.queries import failing, one, rows, types

NANOS = "'2024-01-31 23:59:59.123456789'"


@pytest.mark.parametrize(
    ("sql", "value", "type_"),
    [
        (f"{NANOS}::TIMESTAMP_NTZ", "2024-01-31 23:59:59.123456789", ("TIMESTAMP_NTZ", 9)),
        (f"{NANOS}::TIMESTAMP_NTZ(3)", "2024-01-31 23:59:59.123", ("TIMESTAMP_NTZ", 3)),
        (f"{NANOS}::TIMESTAMP_NTZ(0)", "2024-01-31 23:59:59", ("TIMESTAMP_NTZ", 0)),
        (f"{NANOS}::TIMESTAMP_NTZ(8)", "2024-01-31 23:59:59.12345678", ("TIMESTAMP_NTZ", 8)),
        ("'1969-12-31 23:59:59.5'::TIMESTAMP_NTZ(0)", "1969-12-31 23:59:59", ("TIMESTAMP_NTZ", 0)),
        ("'9999-12-31'::TIMESTAMP_NTZ", "9999-12-31 00:00:00", ("TIMESTAMP_NTZ", 9)),
        ("'0001-01-01'::TIMESTAMP_NTZ", "0001-01-01 00:00:00", ("TIMESTAMP_NTZ", 9)),
        (f"{NANOS}::TIMESTAMP_NTZ::TIME", "23:59:59.123456789", ("TIME", 9)),
        ("'10:11:12.5'::TIME", "10:11:12.5", ("TIME", 9)),
        (f"{NANOS}::TIMESTAMP_NTZ::DATE", date(2024, 1, 31), ("DATE",)),
        ("DATE_TRUNC('MONTH', '2024-02-29'::DATE)", date(2024, 2, 1), ("DATE",)),
        ("DATE_TRUNC(quarter, '2024-05-29'::DATE)", date(2024, 4, 1), ("DATE",)),
        (
            f"DATE_TRUNC('MONTH', {NANOS}::TIMESTAMP_NTZ(3))",
            "2024-01-01 00:00:00",
            ("TIMESTAMP_NTZ", 3),
        ),
        ("DATE_TRUNC('MONTH', '9999-12-31'::TIMESTAMP)::DATE", date(9999, 12, 1), ("DATE",)),
        ("TO_TIMESTAMP_NTZ(1700000000, 0)", "2023-11-14 22:13:20", ("TIMESTAMP_NTZ", 9)),
        ("TO_TIMESTAMP_NTZ(-1, 0)", "1969-12-31 23:59:59", ("TIMESTAMP_NTZ", 9)),
        ("TO_TIMESTAMP_NTZ(1700000000123, 3)", "2023-11-14 22:13:20.123", ("TIMESTAMP_NTZ", 9)),
        (
            "TO_TIMESTAMP_NTZ(1700000000123456789, 9)",
            "2023-11-14 22:13:20.123456789",
            ("TIMESTAMP_NTZ", 9),
        ),
        ("TO_TIMESTAMP_NTZ(-1, 9)", "1969-12-31 23:59:59.999999999", ("TIMESTAMP_NTZ", 9)),
        ("TO_TIMESTAMP_NTZ(1.5, 0)", "1970-01-01 00:00:01.5", ("TIMESTAMP_NTZ", 9)),
        ("DATEADD(month, 1, '2024-01-31'::DATE)", date(2024, 2, 29), ("DATE",)),
        ("ADD_MONTHS('2024-02-29'::DATE, 1)", date(2024, 3, 31), ("DATE",)),
        ("DATEADD(hour, 1, '2024-01-31'::DATE)", "2024-01-31 01:00:00", ("TIMESTAMP_NTZ", 9)),
        ("'2024-01-31'::DATE + 1", date(2024, 2, 1), ("DATE",)),
        ("'2024-02-01'::DATE - '2024-01-01'::DATE", 31, ("FIXED", 9, 0)),
        ("DATEDIFF('month', '2024-01-31'::DATE, '2024-02-01'::DATE)", 1, ("FIXED", 9, 0)),
        ("DATE_PART(nanosecond, '2024-01-31 01:02:03.000000007')", 7, ("FIXED", 9, 0)),
        ("EXTRACT(year FROM '2024-01-31'::DATE)", 2024, ("FIXED", 4, 0)),
        ("DATE_PART(epoch_second, '1970-01-02'::DATE)", 86400, ("FIXED", 18, 0)),
        (
            "DATEDIFF('NANOSECOND', '00:00:00'::TIME, '10:11:12.123456789'::TIME)",
            36_672_123_456_789,
            ("FIXED", 18, 0),
        ),
        ("'10:11:12.987654321'::TIME(3)", "10:11:12.987", ("TIME", 3)),
        ("'10:11'::TIME(0)", "10:11:00", ("TIME", 0)),
        ("TRY_TO_TIME('2024-01-01 10:11:12')", None, ("TIME", 9)),
        ("TRY_TO_TIME('25:00:00')", None, ("TIME", 9)),
        ("DATE_TRUNC('MINUTE', '10:11:12.123456789'::TIME)", "10:11:00", ("TIME", 9)),
        ("DATEADD('MINUTE', 1, '23:59:30.5'::TIME)", "00:00:30.5", ("TIME", 9)),
        (
            "TO_VARCHAR('10:11:12.123456789'::TIME, 'HH24:MI:SS.FF9')",
            "10:11:12.123456789",
            ("TEXT", 16_777_216),
        ),
        ("HOUR('10:11:12'::TIME)", 10, ("FIXED", 2, 0)),
        ("LAST_DAY('2024-02-01'::DATE)", date(2024, 2, 29), ("DATE",)),
        ("MONTHNAME('2024-02-01'::DATE)", "Feb", ("TEXT", 3)),
        ("DATE_FROM_PARTS(2024, 13, 1)", date(2025, 1, 1), ("DATE",)),
    ],
)
def test_values_and_types(
    session: EngineSession, sql: str, value: object, type_: tuple[object, ...]
) -> None:
    assert one(session, f"SELECT {sql}") == value
    assert types(session, f"SELECT {sql}") == [type_]


TOKYO = "'2024-01-31 23:30:00 +0900'::TIMESTAMP_TZ"


def test_each_value_keeps_its_offset(session: EngineSession) -> None:
    assert one(session, f"SELECT {TOKYO}") == ("2024-01-31 14:30:00", 540)
    assert one(session, f"SELECT {TOKYO}::DATE, {TOKYO}::TIMESTAMP_NTZ") == (
        date(2024, 1, 31),
        "2024-01-31 23:30:00",
    )
    assert one(session, f"SELECT DATE_TRUNC('MONTH', {TOKYO})") == ("2023-12-31 15:00:00", 540)
    assert types(session, f"SELECT DATE_TRUNC('MONTH', {TOKYO}::TIMESTAMP_TZ(3))") == [
        ("TIMESTAMP_TZ", 3)
    ]
    assert one(session, f"SELECT CONVERT_TIMEZONE('UTC', {TOKYO})::TIMESTAMP_NTZ") == (
        "2024-01-31 14:30:00"
    )
    assert one(session, f"SELECT DATEADD(month, 1, {TOKYO})") == ("2024-02-29 14:30:00", 540)
    assert one(session, f"SELECT TO_VARCHAR({TOKYO}, 'YYYY-MM-DD HH24:MI TZH:TZM')") == (
        "2024-01-31 23:30 +09:00"
    )
    assert one(session, "SELECT '2024-01-01 00:00:00 -0330'::TIMESTAMP_TZ::VARCHAR") == (
        "2024-01-01 00:00:00.000 -0330"
    )


def test_zoned_values_are_equal_by_instant(session: EngineSession) -> None:
    same = "'2024-01-31 14:30:00 +0000'::TIMESTAMP_TZ"
    assert one(session, f"SELECT {TOKYO} = {same}, {TOKYO} < {same}, {TOKYO} IN ({same})") == (
        True,
        False,
        True,
    )
    grouped = f"SELECT COUNT(*), k FROM (SELECT {TOKYO} k UNION ALL SELECT {same}) GROUP BY k"
    assert len(rows(session, grouped)) == 1
    months = f"""SELECT DATE_TRUNC('MONTH', k)::DATE m, COUNT(DISTINCT k), COUNT(*)
                 FROM (SELECT {TOKYO} k UNION ALL SELECT {same}) GROUP BY 1"""
    assert rows(session, months) == [(date(2024, 1, 1), 1, 2)]
    ordered = f"""SELECT k FROM (SELECT {TOKYO} k UNION ALL
                  SELECT '2024-01-31 15:00:00 +0100'::TIMESTAMP_TZ) ORDER BY k"""
    assert [offset for ((_, offset),) in rows(session, ordered)] == [60, 540]


def test_local_time_follows_the_session(session: EngineSession) -> None:
    instant = "'2024-07-01 03:00:00 +0000'::TIMESTAMP_TZ::TIMESTAMP_LTZ"
    assert one(session, f"SELECT {instant}::DATE") == date(2024, 7, 1)
    session.run("ALTER SESSION SET TIMEZONE = 'America/Los_Angeles'")
    assert one(session, f"SELECT {instant}::DATE") == date(2024, 6, 30)
    assert one(session, f"SELECT {instant}") == "2024-07-01 03:00:00"
    assert one(session, f"SELECT DATE_TRUNC('MONTH', {instant})") == "2024-06-01 07:00:00"
    assert one(session, "SELECT '2024-01-01 00:00:00'::TIMESTAMP_LTZ") == "2024-01-01 08:00:00"
    assert one(session, "SELECT '2024-01-01 00:00:00'::TIMESTAMP_TZ") == (
        "2024-01-01 08:00:00",
        -480,
    )
    assert one(session, f"SELECT {instant}::VARCHAR") == "2024-06-30 20:00:00.000 -0700"
    session.run("ALTER SESSION UNSET TIMEZONE")
    assert session.parameters["TIMEZONE"] == "America/Los_Angeles"
    with failing(1007, "Unknown timezone"):
        session.run("ALTER SESSION SET TIMEZONE = 'Middle/Earth'")
    assert one(
        session, "SELECT CONVERT_TIMEZONE('Asia/Tokyo', 'UTC', '2024-01-01 09:00'::TIMESTAMP_NTZ)"
    ) == ("2024-01-01 00:00:00")


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("2024-02-29", "YYYY-MM-DD", date(2024, 2, 29)),
        ("2023-02-29", "YYYY-MM-DD", None),
        ("2/9/2024", "MM/DD/YYYY", date(2024, 2, 9)),
        ("2/9/24", "MM/DD/YYYY", date(24, 2, 9)),
        ("24-01-31", "YYYY-MM-DD", date(24, 1, 31)),
        ("31.1.5", "DD.MM.YY", date(2005, 1, 31)),
        ("9 feb 2024", "DD MMMM YYYY", date(2024, 2, 9)),
        ("9-February-2024", "DD-MON-YYYY", date(2024, 2, 9)),
        ("9-Sept-2024", "DD-MON-YYYY", None),
        ("02/09/24", "MM/DD/YY", date(2024, 2, 9)),
        ("02/09/69", "MM/DD/YY", date(2069, 2, 9)),
        ("02/09/70", "MM/DD/YY", date(1970, 2, 9)),
        ("20240209", "YYYYMMDD", date(2024, 2, 9)),
        ("2024029", "YYYYMMDD", None),
        ("09-feb-2024", "DD-MON-YYYY", date(2024, 2, 9)),
        ("9 February 2024", "DD MMMM YYYY", date(2024, 2, 9)),
        ("Fri, 09 Feb 2024", "DY, DD MON YYYY", date(2024, 2, 9)),
        ("2024-02-09 ", "YYYY-MM-DD", None),
        ("2024-02-09x", "YYYY-MM-DD", None),
        ("13/13/2024", "MM/DD/YYYY", None),
        ("2024.02.09", 'YYYY"."MM"."DD', date(2024, 2, 9)),
        ("2024%02", "YYYY%MM", date(2024, 2, 1)),
        ("", "YYYY-MM-DD", None),
        ("2024-02-09T10:11:12", 'YYYY-MM-DD"T"HH24:MI:SS', date(2024, 2, 9)),
        ("0001-01-01", "YYYY-MM-DD", date(1, 1, 1)),
        ("9999-12-31", "YYYY-MM-DD", date(9999, 12, 31)),
    ],
)
def test_try_to_date(session: EngineSession, text: str, pattern: str, value: date | None) -> None:
    assert one(session, "SELECT TRY_TO_DATE(?, ?)", ("TEXT", text), ("TEXT", pattern)) == value


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("2024-02-09T10:11:12.5", 'YYYY-MM-DD"T"HH24:MI:SS.FF', "2024-02-09 10:11:12.5"),
        ("2024-02-09 10:11:12.123456789", "YYYY-MM-DD HH24:MI:SS.FF9",
         "2024-02-09 10:11:12.123456789"),
        ("2024-02-09 10:11:12.1234", "YYYY-MM-DD HH24:MI:SS.FF3", None),
        ("2024-02-09 12:30 AM", "YYYY-MM-DD HH12:MI AM", "2024-02-09 00:30:00"),
        ("2024-02-09 24:00:00", "YYYY-MM-DD HH24:MI:SS", None),
        ("09.02.2024 10:11", "DD.MM.YYYY HH24:MI", "2024-02-09 10:11:00"),
        ("2024-02-09 10:11:12 +0530", "YYYY-MM-DD HH24:MI:SS TZHTZM", "2024-02-09 10:11:12"),
        ("2024-02-09 10:11:12", "AUTO", "2024-02-09 10:11:12"),
        ("2024-02-09T10:11:12.25Z", "AUTO", "2024-02-09 10:11:12.25"),
        ("02/09/2024", "AUTO", "2024-02-09 00:00:00"),
        ("gibberish", "AUTO", None),
    ],
)  # fmt: skip
def test_try_to_timestamp(
    session: EngineSession, text: str, pattern: str, value: str | None
) -> None:
    found = one(session, "SELECT TRY_TO_TIMESTAMP_NTZ(?, ?)", ("TEXT", text), ("TEXT", pattern))
    assert found == value


def test_two_digit_years_begin_where_the_session_says(session: EngineSession) -> None:
    sql = "SELECT TRY_TO_DATE(?, 'YY-MM-DD')"
    assert one(session, sql, ("TEXT", "69-02-28")) == date(2069, 2, 28)
    assert one(session, sql, ("TEXT", "70-02-28")) == date(1970, 2, 28)
    session.run("ALTER SESSION SET TWO_DIGIT_CENTURY_START = 1900")
    assert one(session, sql, ("TEXT", "24-01-31")) == date(1924, 1, 31)
    session.run("ALTER SESSION UNSET TWO_DIGIT_CENTURY_START")
    assert one(session, sql, ("TEXT", "24-01-31")) == date(2024, 1, 31)


def test_offsets_in_text(session: EngineSession) -> None:
    sql = "SELECT TRY_TO_TIMESTAMP_TZ(?, 'YYYY-MM-DD HH24:MI:SS TZH:TZM')"
    assert one(session, sql, ("TEXT", "2024-02-09 10:11:12 -03:30")) == (
        "2024-02-09 13:41:12",
        -210,
    )
    assert one(session, sql, ("TEXT", "2024-02-09 10:11:12")) is None
    assert one(session, f"{sql}::TIMESTAMP_NTZ", ("TEXT", "2024-02-09 10:11:12 -03:30")) == (
        "2024-02-09 10:11:12"
    )
    assert one(session, "SELECT '2024-02-09T10:00:00+02:00'::TIMESTAMP_LTZ") == (
        "2024-02-09 08:00:00"
    )


def test_writing_by_format(session: EngineSession) -> None:
    pattern = "DY DD MON YYYY HH12:MI:SS.FF4 AM"
    assert one(session, f"SELECT TO_CHAR({NANOS}::TIMESTAMP, '{pattern}')") == (
        "Wed 31 Jan 2024 11:59:59.1234 PM"
    )
    assert one(session, "SELECT TO_VARCHAR('2024-02-09'::DATE, 'DD/MM/YY')") == "09/02/24"
    assert one(session, f"SELECT {NANOS}::TIMESTAMP::VARCHAR") == "2024-01-31 23:59:59.123"
    assert one(session, "SELECT '10:11:12'::TIME::VARCHAR") == "10:11:12"


def test_nanoseconds_beside_far_years(session: EngineSession) -> None:
    """One column, values that no single Arrow unit holds; on the wire they are whole, too."""
    sql = f"""SELECT COLUMN1::TIMESTAMP_NTZ, COLUMN1::TIMESTAMP_TZ, COLUMN1::TIMESTAMP_NTZ(7)
              FROM VALUES ('9999-12-31 23:59:59.999999999'), ({NANOS}), ('0001-01-01'), (NULL)
              ORDER BY 1"""
    assert [row[0] for row in rows(session, sql)] == [
        "0001-01-01 00:00:00",
        "2024-01-31 23:59:59.123456789",
        "9999-12-31 23:59:59.999999999",
        None,
    ]
    answer = session.run(sql)
    sent = pa.ipc.open_stream(encode(answer.columns, pa.Table.from_batches(answer.batches)))
    plain, zoned, short = sent.read_all().columns
    assert plain.to_pylist() == [
        {"epoch": -62_135_596_800, "fraction": 0},
        {"epoch": 1_706_745_599, "fraction": 123_456_789},
        {"epoch": 253_402_300_799, "fraction": 999_999_999},
        None,
    ]
    assert zoned.to_pylist()[1:3] == [
        {"epoch": 1_706_745_599, "fraction": 123_456_789, "timezone": 1440},
        {"epoch": 253_402_300_799, "fraction": 999_999_999, "timezone": 1440},
    ]
    assert short.to_pylist()[1] == 17_067_455_991_234_567
