"""The fields of part 4 for the engine, and for Snowflake's access to the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Label

from core.facade import lacks_write_way, needs_write_way
from tui.widgets.choice import Choice
from tui.widgets.text_input import TextInput

if TYPE_CHECKING:
    from core import Request

_ENGINES: Final = ("auto", "stream", "pushdown", "unload")
_ACCESS: Final = {
    "integration": "storage_integration",
    "stage": "stage",
    "own keys": "unload_credentials",
}
_ASKED: Final = {
    "integration": "name of the storage integration",
    "stage": "@DATABASE.SCHEMA.STAGE",
    "own keys": "Snowflake's query history stores them",
}


class EngineFields(Vertical):
    """The engine, and for an engine with which Snowflake writes to the bucket, its access.

    Args:
        integration: the storage integration to suggest.
    """

    def __init__(self, integration: str = "") -> None:
        super().__init__(id="engine-fields")
        self._engine = Choice(_ENGINES, id="engine")
        self._access = Choice(tuple(_ACCESS), id="access")
        self._by = TextInput(integration, compact=True, id="by")

    def compose(self) -> ComposeResult:
        """Yield the engines, and below them the access that one of them needs."""
        with Horizontal(classes="field"):
            yield Label("Engine")
            yield self._engine
        with Horizontal(classes="pair", id="access-fields"):
            with Horizontal(classes="field"):
                yield Label("Writes by")
                yield self._access
            with Horizontal(classes="field by"):
                yield self._by

    def fill(self, request: Request) -> None:
        """Show the options of `request`; fields for which it has no value are left unchanged."""
        self._engine.value = request.engine
        for name, option in _ACCESS.items():
            if value := getattr(request, option):
                self._access.value = name
                if isinstance(value, str):
                    self._by.value = value
        self.settle()

    def settle(self) -> None:
        """Show the fields that the chosen engine needs."""
        self.set_class(needs_write_way(self._engine.value), "-unload")
        self._by.placeholder = _ASKED[self._access.value]
        self._by.disabled = self._access.value == "own keys"

    @property
    def options(self) -> dict[str, Any]:
        """The options of a request; those of the access only if the engine needs it."""
        options: dict[str, Any] = dict.fromkeys(_ACCESS.values())
        options["unload_credentials"] = False
        if needs_write_way(self._engine.value):
            given = self._by.value.strip() or None
            option = _ACCESS[self._access.value]
            options[option] = True if option == "unload_credentials" else given
        return {"engine": self._engine.value, **options}

    @property
    def missing(self) -> str:
        """What is missing before the transfer can be run; empty if nothing is."""
        if not lacks_write_way(self.options):
            return ""
        return f"Engine unload needs the {self._access.value} with which Snowflake writes."
