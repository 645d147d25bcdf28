"""The type of a column, as Snowflake declares it."""

from __future__ import annotations

import pytest

from core.planning.source import ColumnType


@pytest.mark.parametrize(
    ("text", "kind", "precision", "scale", "fits_int64", "has_nanoseconds"),
    [
        ("NUMBER(18,0)", "FIXED", 18, 0, True, False),
        ("NUMBER(19,0)", "FIXED", 19, 0, False, False),
        ("NUMBER(9,1)", "FIXED", 9, 1, False, False),
        ("NUMBER(9)", "FIXED", 9, 0, True, False),
        ("NUMBER", "FIXED", 38, 0, False, False),
        ("TIME(6)", "TIME", None, 6, False, False),
        ("TIME(7)", "TIME", None, 7, False, True),
        ("TIMESTAMP_NTZ(6)", "TIMESTAMP_NTZ", None, 6, False, False),
        ("TIMESTAMP_LTZ(7)", "TIMESTAMP_LTZ", None, 7, False, True),
        ("TIMESTAMP_TZ", "TIMESTAMP_TZ", None, 9, False, True),
        ("VARCHAR(9)", "TEXT", None, None, False, False),
        ("DATE", "DATE", None, None, False, False),
        ("INTERVAL YEAR TO MONTH", "INTERVAL", None, None, False, False),
    ],
)
def test_types_are_read(
    text: str,
    kind: str,
    precision: int | None,
    scale: int | None,
    fits_int64: bool,
    has_nanoseconds: bool,
) -> None:
    found = ColumnType.parse(text)
    assert (found.kind, found.text, found.precision, found.scale) == (kind, text, precision, scale)
    assert (found.fits_int64, found.has_nanoseconds) == (fits_int64, has_nanoseconds)
