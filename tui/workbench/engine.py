"""Who does the work, in part 4: the engine, and by what right Snowflake writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label

from core.facade import lacks_write_way, needs_write_way
from tui.widgets.choice import Choice

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
    "own keys": "Snowflake's query history keeps them",
}


class EngineFields(Vertical):
    """The engine; for one that has Snowflake write, how it may.

    Args:
        integration: the storage integration to offer.
    """

    def __init__(self, integration: str = "") -> None:
        super().__init__(id="engine-fields")
        self._engine = Choice(_ENGINES, id="engine")
        self._access = Choice(tuple(_ACCESS), id="access")
        self._by = Input(integration, compact=True, id="by")

    def compose(self) -> ComposeResult:
        """The engines on a line, what one of them needs below."""
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
        """Show the options of `request`; what it does not name stays to be taken."""
        self._engine.value = request.engine
        for name, option in _ACCESS.items():
            if value := getattr(request, option):
                self._access.value = name
                if isinstance(value, str):
                    self._by.value = value
        self.settle()

    def settle(self) -> None:
        """Show what the choices need."""
        self.set_class(needs_write_way(self._engine.value), "-unload")
        self._by.placeholder = _ASKED[self._access.value]
        self._by.disabled = self._access.value == "own keys"

    @property
    def options(self) -> dict[str, Any]:
        """The options of a request; how to write is only said where Snowflake does."""
        options: dict[str, Any] = dict.fromkeys(_ACCESS.values())
        options["unload_credentials"] = False
        if needs_write_way(self._engine.value):
            given = self._by.value.strip() or None
            option = _ACCESS[self._access.value]
            options[option] = True if option == "unload_credentials" else given
        return {"engine": self._engine.value, **options}

    @property
    def missing(self) -> str:
        """What has to be said before anything can run; empty if nothing."""
        if not lacks_write_way(self.options):
            return ""
        return f"Engine unload needs the {self._access.value} by which Snowflake writes."
