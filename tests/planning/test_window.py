"""The window of a request: which months it means, on which day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.planning.window import Window, find_window
from tests.support.sources import plan, request


@pytest.mark.parametrize(
    ("options", "shown", "first", "end"),
    [
        ({"since": "2024-02", "until": "2024-02"}, "2024-02", (2024, 2, 1), (2024, 3, 1)),
        ({"since": "2023-11", "until": "2023-12"}, "2023-11 to 2023-12", (2023, 11, 1),
         (2024, 1, 1)),
        ({"since": " 2024-02 "}, "since 2024-02", (2024, 2, 1), None),
        ({"until": "2024-02"}, "until 2024-02", None, (2024, 3, 1)),
        ({"until": "9999-12"}, "until 9999-12", None, None),
        ({"since": "0001-01", "undated": "keep"}, "since 0001-01 and rows without a date",
         (1, 1, 1), None),
    ],
)  # fmt: skip
def test_months_that_are_given(
    options: dict[str, Any],
    shown: str,
    first: tuple[int, int, int] | None,
    end: tuple[int, int, int] | None,
) -> None:
    window = find_window(request(**options), None)
    assert window is not None
    assert str(window) == shown
    assert window.since == (first and date(*first))
    assert window.end == (end and date(*end))


@pytest.mark.parametrize(
    ("today", "options", "shown"),
    [
        ("2024-03-01", {"last_months": 1}, "2024-02"),
        ("2024-03-31", {"last_months": 1}, "2024-02"),
        ("2024-01-01", {"last_months": 1}, "2023-12"),
        ("2024-01-31", {"last_months": "13"}, "2022-12 to 2023-12"),
        ("2024-12-31", {"last_months": 12}, "2023-12 to 2024-11"),
        ("2024-01-15", {"last_months": 1, "include_current": True}, "2023-12 to 2024-01"),
        ("2024-01-15", {"last_months": 2, "undated": "keep"},
         "2023-11 to 2023-12 and rows without a date"),
    ],
)  # fmt: skip
def test_the_last_months(today: str, options: dict[str, Any], shown: str) -> None:
    assert str(find_window(request(**options), date.fromisoformat(today))) == shown


def test_the_last_months_need_a_date() -> None:
    with pytest.raises(ValueError, match="from a date"):
        find_window(request(last_months=1), None)


@pytest.mark.parametrize("options", [{}, {"undated": "keep"}])
def test_without_months_there_is_no_window(options: dict[str, Any]) -> None:
    assert find_window(request(**options), None) is None
    assert plan({"D": "DATE"}, **options).window is None


def test_the_one_month() -> None:
    february = date(2024, 2, 1)
    assert Window(february, february).month == february
    assert Window(february, date(2024, 3, 1)).month is None
    assert Window(february).month is None


def test_a_plan_has_the_window_of_its_request() -> None:
    window = plan({"D": "DATE"}, since="2024-02").window
    assert window == Window(date(2024, 2, 1))
    assert window.as_dict() == {"since": "2024-02", "until": None, "undated": "drop"}
