"""The engines as objects: what each says of a plan before it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import core
import tui
from core import query
from core.engines import ENGINES, Engine, EngineName
from core.engines.engine import Volume
from core.errors import SourceDataError, TransferError, UsageError
from core.request.write_ways import WRITE_WAYS, lacks_write_way, needs_write_way
from tests.support.sources import ORDERS, plan, request

KEYS = {"key_columns": "none"}


def engine(name: str) -> Engine:
    return ENGINES[EngineName(name)]


def obstacle(name: str, columns: dict[str, str] = ORDERS, **more: Any) -> TransferError | None:
    return engine(name).obstacle(request(**more), plan(columns, **KEYS))


def test_every_name_has_its_engine() -> None:
    assert list(ENGINES) == list(EngineName)
    assert all(each.name is name for name, each in ENGINES.items())


def test_the_statement_is_the_one_that_runs() -> None:
    made = plan(ORDERS)
    assert engine("stream").statement(made) == query.select_rows(made)
    assert engine("pushdown").statement(made) == query.select_groups(made)
    at_rest = query.select_groups(made, at_rest=True, ordered=False)
    assert engine("unload").statement(made) == at_rest


@pytest.mark.parametrize("name", ["stream", "pushdown"])
def test_nothing_stands_in_the_way_of_engines_that_write_here(name: str) -> None:
    for form in ("parquet", "json", "ndjson", "csv"):
        assert obstacle(name, format=form) is None


@pytest.mark.parametrize(
    ("columns", "given", "kind", "said"),
    [
        (ORDERS, {"format": "json", "stage": "S"}, UsageError, "json array"),
        ({"D": "DATE", "F": "FLOAT"}, {"format": "csv", "stage": "S"}, SourceDataError, "column F"),
        (
            ORDERS,
            {"bucket": "arn:aws:s3:us-east-1:123456789012:accesspoint/inbox", "stage": "S"},
            UsageError,
            "not accept the ARN of an access point",
        ),
        (ORDERS, {}, UsageError, "It needs a way to write: storage_integration"),
    ],
)
def test_what_stands_in_the_way_of_unload(
    columns: dict[str, str], given: dict[str, Any], kind: type[TransferError], said: str
) -> None:
    found = obstacle("unload", columns, **given)
    assert type(found) is kind
    assert said in found.message


@pytest.mark.parametrize("way", [{"stage": "S"}, {"storage_integration": "I"}])
def test_with_a_way_to_write_nothing_does(way: dict[str, str]) -> None:
    assert obstacle("unload", **way) is None


def test_the_cost_of_an_unknown_volume_is_unknown() -> None:
    made, unknown = plan(ORDERS), Volume(None, None, {})
    costs = {name: each.cost(made, unknown) for name, each in ENGINES.items()}
    downloaded = {str(name): (cost.rows, cost.bytes) for name, cost in costs.items()}
    assert downloaded == {"stream": (None, None), "pushdown": (None, None), "unload": (0, 0)}
    assert all(cost.seconds is None for cost in costs.values())


def test_who_needs_a_way_to_write() -> None:
    assert [str(name) for name in EngineName if needs_write_way(name)] == ["unload"]
    assert lacks_write_way({"engine": "unload", "stage": None})
    assert not any(lacks_write_way({"engine": "unload", way: "x"}) for way in WRITE_WAYS)
    assert not lacks_write_way({"engine": "auto"})


def test_nothing_else_asks_which_engine_it_is() -> None:
    """Neither a comparison with an engine's name nor a member of `EngineName` stands elsewhere."""
    own = Path(core.__file__).parent / "engines"
    sandbox = Path(core.__file__).parent / "sandbox"
    found = [
        f"{path}:{line}"
        for package in (core, tui)
        for path in Path(package.__file__).parent.rglob("*.py")
        if not {own, sandbox} & {*path.parents}
        for line in _questions(ast.parse(path.read_text()))
    ]
    assert found == []


def test_the_check_sees_such_questions() -> None:
    asked = 'if choice.engine is EngineName.UNLOAD: pass\nif name == "unload": pass'
    assert sorted(_questions(ast.parse(asked))) == [1, 2]


def _questions(tree: ast.AST) -> Iterator[int]:
    """The lines that compare with the name of an engine, or take a member of `EngineName`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "EngineName":
            yield node.lineno
        if isinstance(node, ast.Compare) and any(
            isinstance(each, ast.Constant) and each.value in set(EngineName)
            for each in (node.left, *node.comparators)
        ):
            yield node.lineno
