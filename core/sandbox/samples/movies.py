"""MOVIE_RATINGS_27M: as many ratings, users and months as MovieLens' "latest" data set of 2018.

Its numbers are at most 18 digits wide, which the warehouse holds in 64 bits. Users are numbered as
they signed up, and stay for some weeks. So ratings of the same time are stored together, as in a
table that is loaded day by day, and a month of it is in few micro-partitions.
"""

from __future__ import annotations

from core.sandbox.samples.declare import Installer, Where, table

NAME = "MOVIE_RATINGS_27M"
ROWS = 27_753_444
_USERS = 283_228
_MOVIES = 193_886
_FIRST, _LAST = 789_652_009, 1_537_945_149  # 1995-01-09 to 2018-09-26, epoch seconds
_STAY = 40 * 86_400  # a user rates for at most that long
_COLUMNS = (
    ("USERID", "NUMBER(18,0)"),
    ("MOVIEID", "NUMBER(18,0)"),
    ("RATING", "NUMBER(2,1)"),
    ("TIMESTAMP", "NUMBER(18,0)"),
)


def _select() -> str:
    user = f"(i * {_USERS} // {ROWS})"
    halves = "(1 + h % 5 + h // 5 % 6)::DECIMAL(2,0)"  # 0.5 to 5.0 stars, most of them about 3
    signed_up = f"{_FIRST} + {user}::BIGINT * {_LAST - _FIRST - _STAY} // {_USERS}"
    moment = f"({signed_up} + (h >> 20) % {_STAY})::BIGINT"
    share = "((h >> 16) % 1000000 + 1)::DOUBLE / 1000000"  # few films get most of the ratings
    movie = f"(1 + {share} * {share} * {share} * {_MOVIES - 1})::BIGINT"
    return (
        f"SELECT {user} + 1, {movie}, {halves} * 0.5::DECIMAL(2,1), {moment}"
        f" FROM (SELECT i, hash(i) AS h FROM range({ROWS}) AS r(i))"
    )


def declare(target: Installer, where: Where) -> None:
    """Declare the table."""
    table(target, where, NAME, _COLUMNS, ROWS, _select, "Movie ratings")
