"""Part 4: the destination of the file, its format, and the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Button, Input, Label, Static

from core.facade import DEFAULT_TEMPLATE
from tui.format.text import visible
from tui.widgets.choice import Choice
from tui.widgets.text_input import TextInput
from tui.workbench.draft import NOWHERE, Target
from tui.workbench.engine import EngineFields
from tui.workbench.messages import OptionsChanged
from tui.workbench.pane import Pane

if TYPE_CHECKING:
    from core import Request

_FORMATS = ("parquet", "json", "ndjson", "csv", "xlsx")
# The keys of the form, which work in the other parts too.
DESTINATION_KEYS: Final = (
    Binding(
        "f6",
        "test_access",
        "Test access",
        show=False,
        tooltip="Test the access to the bucket",
        id="destination.test",
    ),
    Binding(
        "f7",
        "destinations",
        "Destinations",
        show=False,
        tooltip="Choose, make or change destinations with names",
        id="destination.choose",
    ),
    Binding(
        "ctrl+o",
        "further",
        "More options",
        show=False,
        tooltip="More options of the delivery: files, encryption, conditions",
        id="destination.more",
    ),
)
_BUTTONS: Final = (
    ("Test", "F6", "test_access"),
    ("Run", "F5", "run"),
    ("Choose", "F7", "destinations"),
    ("More", "ctrl+o", "further"),
)


class DestinationPane(Pane):
    """The form of the destination; posts `OptionsChanged` on every change."""

    BORDER_TITLE = "4 Destination"
    HELP = """\
The destination: a bucket, s3://bucket/prefix/ or the ARN of an access point. It is checked while \
you type. "Test access" checks that you may write there, and needs no permission but s3:PutObject: \
it uploads one byte with a wrong checksum, which S3 rejects after it has checked the permission. \
Nothing is left in the bucket. F7 chooses a destination with a name, with all its options; it \
makes, changes and tests them too.

The name may hold {table} {schema} {database} {timestamp} {date} {run_id} {ext}; the default is \
{table}_monthly_{timestamp}.{ext}. Once a table is selected, the app checks in the background \
whether S3 has an object of that name. An existing object is overwritten only if you choose so.

"Verify" compares the delivered file with the table, month by month: Snowflake counts and sums the \
table again, and the file is read back.

ctrl+o has more options: a file for each month, encryption, a manifest, and conditions for the \
rows and the months."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "screen.go(2)", "Leave the form", show=False),
    ]

    def __init__(
        self, request: Request, buckets: Sequence[str] = (), integration: str = ""
    ) -> None:
        super().__init__(id="destination")
        suggester = SuggestFromList(buckets) if buckets else None
        self._to = TextInput(
            placeholder="bucket or s3://bucket/prefix/", compact=True, suggester=suggester, id="to"
        )
        self._file = TextInput(placeholder=DEFAULT_TEMPLATE, compact=True, id="name")
        self._format = Choice(_FORMATS, id="format")
        self._gzip = Choice(("plain", "gzip"), id="gzip")
        self._exists = Choice(("fail", "overwrite", "skip"), id="exists")
        self._verify = Choice(("no", "yes"), id="verify")
        self._engine = EngineFields(integration)
        self._location = Static("", id="location", markup=False)
        self._begin = request

    def compose(self) -> ComposeResult:
        """Yield the form, line by line."""
        with Horizontal(classes="field"):
            yield Label("To")
            yield self._to
        with Horizontal(classes="field"):
            yield Label("Name")
            yield self._file
        with Horizontal(classes="pair"):
            with Horizontal(classes="field"):
                yield Label("Format")
                yield self._format
            with Horizontal(classes="field"):
                yield Label("Compress")
                yield self._gzip
        with Horizontal(classes="pair"):
            with Horizontal(classes="field"):
                yield Label("If exists")
                yield self._exists
            with Horizontal(classes="field"):
                yield Label("Verify")
                yield self._verify
        yield self._engine
        yield self._location
        with Horizontal(id="actions"):
            for label, key, action in _BUTTONS:
                button = Button(f"{label}  {key}", compact=True, action=f"screen.{action}")
                button.id = action.replace("_", "-")
                yield button

    def on_mount(self) -> None:
        """Show the options of the request to begin with."""
        self.fill(self._begin)

    def go(self) -> None:
        """Take the focus."""
        self.screen.set_focus(self._to)

    def fill(self, request: Request) -> None:
        """Show the options of `request`."""
        with self.prevent(Input.Changed):
            self._engine.fill(request)
            self._to.value = request.bucket if request.bucket != NOWHERE else ""
            self._file.value = request.file_name or ""
        self._format.value = request.format
        self._gzip.value = "gzip" if request.gzip else "plain"
        self._gzip.disabled = request.format == "parquet"
        self._exists.value = request.if_exists
        self._verify.value = "yes" if request.verify else "no"

    def show(self, target: Target, presence: Content) -> None:
        """Show the URL of the file, or what is wrong with the destination.

        Args:
            target: the URL or the error.
            presence: whether the object exists; may be empty.
        """
        self._to.set_class(bool(target.error), "-wrong")
        if target.error:
            self._location.update(Content.styled(f"✗ {visible(target.error)}", "$text-error"))
        elif target.url:
            arrow = Content.styled(" → " if presence else "→ ", "$text-success bold")
            self._location.update(presence + arrow + Content(visible(target.url)))
        else:
            self._location.update(Content.styled("enter a bucket", "$foreground-muted"))

    def show_writable(self, url: str) -> None:
        """Show that S3 allows writing to `url`."""
        self.set_note("✓ write access", "$text-success")
        self.app.notify(
            f"You have write access to {url}. Nothing was left there: the byte uploaded for the "
            "test had a wrong checksum, so S3 rejected it.",
            markup=False,
        )

    def allow(self, *, run: bool) -> None:
        """Highlight the button that runs the transfer; until it can, the button says why."""
        self.query_one("#run", Button).variant = "primary" if run else "default"

    # --------------------------------------------------------------------------------- events

    @on(Input.Changed)
    def _take_text(self, event: Input.Changed) -> None:
        event.stop()
        if event.input is self._to:
            self.set_note("")  # the last answer of S3 was about another destination
        self._post_options()

    @on(Input.Submitted)
    def _go_on(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    @on(Choice.Changed)
    def _take_choice(self, event: Choice.Changed) -> None:
        event.stop()
        self._gzip.disabled = self._format.value == "parquet"
        if self._gzip.disabled:
            self._gzip.value = "plain"
        self._engine.settle()
        self._post_options()

    def _post_options(self) -> None:
        """Post all the options: a change of one field may correct an error in another."""
        options: dict[str, Any] = {
            "bucket": self._to.value.strip(),
            "file_name": self._file.value.strip() or None,
            "format": self._format.value,
            "gzip": self._gzip.value == "gzip",
            "if_exists": self._exists.value,
            "verify": self._verify.value == "yes",
            **self._engine.options,
        }
        self.post_message(OptionsChanged(missing=self._engine.missing, **options))
