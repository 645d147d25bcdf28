"""The sample tables: their shape, their mess, and that they are the same at every start."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from core.sandbox.warehouse.engine.engine import EngineSession
from tests.sandbox.warehouse.queries import engine_in, one, rows, session_in

WHITE = "' \t\n\r'"


def test_row_counts_are_known_before_the_rows_are_made(session: EngineSession) -> None:
    listed = {row[1]: row[7] for row in rows(session, "SHOW TABLES IN SCHEMA DEMO.PUBLIC")}
    assert listed == {
        "LOCATIONS_595": 595,
        "MOVIE_RATINGS_27M": 27_753_444,
        "Mixed Case": 60,
        "ORDERS_100K": 100_000,
        "SHOP_SALES": 73_040,
    }
    sql = "SELECT SUM(ROW_COUNT) FROM INFORMATION_SCHEMA.TABLES"
    assert one(session, sql) == sum(listed.values())


def test_locations(session: EngineSession) -> None:
    blank = f"""SELECT COUNT(*) FROM LOCATIONS_595
                WHERE LOCATION_ID IS NULL AND AREA_KM2 IS NULL AND IS_ACTIVE IS NULL
                AND COALESCE(TRIM(NAME || DOB || NOTES, {WHITE}), '') = ''"""
    assert one(session, blank) == 14
    assert one(session, "SELECT COUNT(*), COUNT(LOCATION_ID) FROM LOCATIONS_595") == (595, 581)
    dates = f"""SELECT COUNT_IF(TRY_TO_DATE(DOB, 'MM/DD/YYYY') IS NULL),
                       COUNT_IF(TRY_TO_DATE(DOB, 'DD/MM/YYYY') IS NULL) > 100
                FROM LOCATIONS_595 WHERE TRIM(DOB, {WHITE}) <> ''"""
    assert one(session, dates) == (0, True)
    missing = "SELECT COUNT(*) FROM LOCATIONS_595 WHERE LOCATION_ID IS NOT NULL AND DOB IS NULL"
    assert 0 < one(session, missing) < 30
    white = "SELECT COUNT(*) FROM LOCATIONS_595 WHERE LOCATION_ID IS NULL AND LENGTH(NAME) > 0"
    assert one(session, white) > 0


def test_orders(session: EngineSession) -> None:
    sql = """SELECT COUNT(*), COUNT(O_ORDERKEY), COUNT(DISTINCT O_ORDERKEY), MIN(O_ORDERDATE),
                    MAX(O_ORDERDATE), COUNT(DISTINCT O_ORDERSTATUS), COUNT(DISTINCT O_CLERK)
             FROM ORDERS_100K"""
    assert one(session, sql) == (
        100_000,
        99_998,
        99_998,
        date(1992, 1, 1),
        date(1998, 8, 2),
        3,
        1000,
    )
    prices = "SELECT MIN(O_TOTALPRICE) > 800, MAX(O_TOTALPRICE) < 600000 FROM ORDERS_100K"
    assert one(session, prices) == (True, True)
    assert one(session, "SELECT MIN(O_ORDERDATE) FROM ORDERS_1998") == date(1998, 1, 1)


def test_sales_have_seasons_and_grow(session: EngineSession) -> None:
    sql = """SELECT COUNT(*), COUNT(SOLD_ON), COUNT(DISTINCT SOLD_ON), MIN(SOLD_ON), MAX(SOLD_ON),
                    SUM(UNITS), SUM(REVENUE), SUM(REFUNDS)
             FROM SHOP_SALES"""
    first, last = date(2021, 1, 1), date(2025, 12, 31)
    assert one(session, sql)[:5] == (73_040, 73_037, 1826, first, last)
    assert one(session, sql)[5:] == (2_550_037, Decimal("66777618.30"), Decimal("3402864.10"))
    by_year = """SELECT YEAR(SOLD_ON), SUM(REVENUE), SUM(IFF(CHANNEL = 'online', REVENUE, 0))
                 FROM SHOP_SALES WHERE SOLD_ON IS NOT NULL GROUP BY 1 ORDER BY 1"""
    totals, online = zip(*(row[1:] for row in rows(session, by_year)), strict=True)
    assert all(1.04 < after / before < 1.3 for before, after in pairwise(totals))
    assert online[-1] / totals[-1] > online[0] / totals[0]
    best = """SELECT CATEGORY, MONTH(SOLD_ON) FROM SHOP_SALES WHERE SOLD_ON IS NOT NULL
              GROUP BY 1, 2 QUALIFY ROW_NUMBER() OVER (PARTITION BY CATEGORY
                                                       ORDER BY SUM(REVENUE) DESC) = 1"""
    assert dict(rows(session, best)) == {
        "Books": 12,
        "Garden": 5,
        "Kitchen": 12,
        "Sports": 1,
        "Toys": 12,
    }


@pytest.mark.large
def test_movie_ratings(session: EngineSession) -> None:
    sql = """SELECT COUNT(*), COUNT(DISTINCT DATE_TRUNC('MONTH', TO_TIMESTAMP_NTZ(TIMESTAMP))),
                    MIN(TIMESTAMP), MAX(TIMESTAMP), MIN(RATING), MAX(RATING), MAX(USERID)
             FROM MOVIE_RATINGS_27M"""
    count, months, first, last, *rest = one(session, sql)
    assert (count, months) == (27_753_444, 285)
    assert 789_609_600 <= first < last < 1_538_352_000
    assert rest == [Decimal("0.5"), Decimal("5.0"), 283_228]


def test_mixed_case(session: EngineSession) -> None:
    sql = '''SELECT COUNT("Id"), COUNT("id"), MIN("say ""when""")::VARCHAR, MAX("WHEN_NTZ")::DATE,
                    COUNT_IF("Größe (m²)" = 'NaN'), COUNT_IF(IS_NULL_VALUE("Payload"))
             FROM "Mixed Case"'''
    found = one(session, sql)
    assert found[0] == 57
    assert found[2:4] == ("0001-01-01", date(9999, 12, 31))
    assert min(found[1], found[4], found[5]) > 0
    moved = '''SELECT COUNT_IF(DATE_TRUNC('MONTH', "when tz")::DATE <>
                       DATE_TRUNC('MONTH', CONVERT_TIMEZONE('UTC', "when tz"))::DATE)
               FROM "Mixed Case"'''
    assert one(session, moved) > 3  # the month depends on the offset
    assert len(rows(session, 'SELECT * FROM "Mixed Case"')) == 60


@pytest.mark.lengthy
def test_every_start_makes_the_same_rows(session: EngineSession, tmp_path: Path) -> None:
    with engine_in(tmp_path) as other:
        again = session_in(other)
        for table in ("LOCATIONS_595", "ORDERS_100K", '"Mixed Case"'):
            sql = f"SELECT * FROM {table}"
            assert repr(rows(again, sql)) == repr(rows(session, sql))
