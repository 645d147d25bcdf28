"""`Request` and `transfer_data` have every option as `core.request.options` declares it."""

from __future__ import annotations

import doctest
import inspect
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

import core.api
from core import UsageError, transfer_data
from core.bucket.destination import DEFAULT_TEMPLATE
from core.request.options import OPTIONS, Option
from core.request.request import FIELDS, Request
from tests.support.deliveries import bucket_client
from tests.support.programs.batch_runs import place
from tests.support.sections import compare_section

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

POSITIONAL = {"table": "source_table", "bucket": "destination_s3_bucket"}
NOT_OPTIONS = ["on_progress", "cancel"]
# Other options that a value requires.
COMPANIONS: dict[str, dict[str, Any]] = {
    "gzip": {"format": "csv"},
    "csv_decimal_comma": {"csv_delimiter": ";"},
    "if_exists": {"file_name": "{table}.{ext}"},
    "split_by": {"file_name": "{month}.{ext}"},
    "engine": {"storage_integration": "PARTNER_S3"},
    "external_id": {"role_arn": "arn:aws:iam::123456789012:role/deliveries"},
    "include_current": {"last_months": 1},
    "require_months": {"last_months": 1},
    "restate_months": {"last_months": 1, "split_by": "month"},
}
LINE = 100  # characters


def test_a_request_has_every_option_as_declared() -> None:
    types = get_type_hints(Request)
    assert set(FIELDS) == set(OPTIONS) == set(types) - {"destination"}
    for name, option in OPTIONS.items():
        if option.choices or option.is_flag:
            assert types[name] == option.type, name


def test_the_defaults_of_a_request_are_those_declared() -> None:
    needed = {"table": "T", "bucket": "partner-inbox"}
    declared = {name: option.default for name, option in OPTIONS.items() if name not in needed}
    assert Request.of(**needed) == Request.of(**needed, **declared)
    assert OPTIONS["file_name"].absent == f"`{DEFAULT_TEMPLATE}`"


# Every value that a declaration gives as an example or a choice.
VALUES = [
    (name, value)
    for name, option in OPTIONS.items()
    for value in (*option.examples, *option.choices, *([True] if option.is_flag else []))
]


@pytest.mark.parametrize(("name", "value"), VALUES)
def test_every_example_and_choice_is_valid(name: str, value: object) -> None:
    needed = {"table": "T", "bucket": "partner-inbox", **COMPANIONS.get(name, {})}
    assert getattr(Request.of(**{**needed, name: value}), name) not in (None, "")


@pytest.mark.parametrize("name", OPTIONS)
def test_a_declaration_is_complete(name: str) -> None:
    option = OPTIONS[name]
    assert re.fullmatch(r"[A-Z0-9].*\.", option.help)
    for text in (option.help, option.absent, option.library):
        assert not re.search(r"--|\w=", text), "the spelling of one front end"
    if option.is_written and not option.is_flag and not option.choices:
        assert option.placeholder
        assert option.examples


def parameters() -> list[inspect.Parameter]:
    """Return the parameters of `transfer_data` that are options."""
    return [
        parameter
        for name, parameter in inspect.signature(transfer_data).parameters.items()
        if name not in NOT_OPTIONS
    ]


def sort_options() -> dict[str, Option]:
    """Return the options in the order of `transfer_data`: the required ones first."""
    first = {POSITIONAL[name]: OPTIONS[name] for name in POSITIONAL}
    return first | {name: option for name, option in OPTIONS.items() if name not in POSITIONAL}


def test_the_signature_is_as_declared() -> None:
    found = {
        parameter.name: (
            eval(str(parameter.annotation), vars(core.api)),
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in parameters()
    }
    declared = {
        name: (option.type, ... if option.required else option.default)
        for name, option in sort_options().items()
    }
    assert list(found) == list(declared)
    assert found == declared


def test_the_docstring_is_as_declared() -> None:
    entries = [
        textwrap.fill(
            f"{name}: {_describe(option)}",
            LINE,
            initial_indent=" " * 8,
            subsequent_indent=" " * 12,
            break_on_hyphens=False,
        )
        for name, option in sort_options().items()
    ]
    path = Path(core.api.__file__)
    compare_section(path, "    Args:\n", "        on_progress:", "\n".join(entries) + "\n")


def _describe(option: Option) -> str:
    absent = f"If None: {option.absent}." if option.absent else ""
    return " ".join(filter(None, (option.help, option.library, absent)))


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_a_call_reaches_the_request(name: str) -> None:
    """The error about a value that no option accepts names the option."""
    given: dict[str, Any] = {"source_table": "T", "destination_s3_bucket": "partner-inbox"}
    given[POSITIONAL.get(name, name)] = object()
    with pytest.raises(UsageError, match=rf"^{name}: "):
        transfer_data(**given)


def test_the_example_of_the_docstring_runs(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in place(sandbox).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", sandbox.s3["endpoint_url"])
    (example,) = doctest.DocTestFinder(recurse=False).find(transfer_data, globs={})
    said: list[str] = []
    try:
        outcome = doctest.DocTestRunner().run(example, out=said.append)
    finally:
        bucket_client(sandbox).delete_object(
            Bucket=sandbox.s3["bucket"], Key="ORDERS_100K_monthly.parquet"
        )
    assert (outcome.attempted, outcome.failed) == (3, 0), "".join(said)
