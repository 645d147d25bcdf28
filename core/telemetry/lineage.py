"""OpenLineage: the events of a run: the table, the delivery, and where each column comes from.

They are sent by the library's own client, from a thread, as its configuration says
(https://openlineage.io/docs/client/python). Names of data sets follow
https://openlineage.io/docs/spec/naming.
"""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)

from core.bucket.destination import Destination
from core.engines import ENGINES
from core.errors import CancelledError
from core.events import Event, Planned
from core.planning.plan import PlannedColumn, Role

if TYPE_CHECKING:
    from core.planning.plan import Plan
    from core.records.entry import HistoryEntry
    from core.request.request import Request

_PRODUCER: Final = "amplify-transfer"
_KINDS: Final = {
    Role.MONTH: ("TRANSFORMATION", "truncated to the month"),
    Role.SUM: ("AGGREGATION", "SUM"),
    Role.KEY: ("IDENTITY", ""),
}


class Lineage:
    """Observes a run: START once it is planned; COMPLETE, FAIL or ABORT at its end.

    Args:
        request: the request of the run.
        run_id: the id of the run, of 32 hexadecimal digits.

    Raises:
        Exception: the configuration of the client is invalid.
    """

    def __init__(self, request: Request, run_id: str) -> None:
        self._request = request
        self._run = str(uuid.UUID(hex=run_id))
        self._planned: Planned | None = None
        self._events: SimpleQueue[RunEvent | None] = SimpleQueue()
        self._client = OpenLineageClient()
        self._sender = threading.Thread(target=self._send, name="lineage", daemon=True)
        self._sender.start()

    def note(self, event: Event) -> None:
        """Send START once the plan is made."""
        if isinstance(event, Planned):
            self._planned = event
            table = str(event.plan.source.name)
            self._events.put(self._make(RunState.START, table, [self._describe_table(event)], []))

    def end(self, entry: HistoryEntry, deadline: float) -> None:
        """Send the end of the run; wait until it is sent, or for the deadline."""
        inputs = [self._describe_table(self._planned)] if self._planned else []
        outputs = [self._describe_delivery(entry)] if self._planned and entry.objects else []
        state = RunState.FAIL if entry.exit_code else RunState.COMPLETE
        if entry.outcome == CancelledError.label:
            state = RunState.ABORT
        self._events.put(self._make(state, entry.table, inputs, outputs))
        self._events.put(None)
        self._sender.join(max(0.0, deadline - time.monotonic()))

    def _send(self) -> None:
        while (event := self._events.get()) is not None:
            try:
                self._client.emit(event)
            except Exception:  # noqa: S112  a collector that fails does not fail the run
                continue

    def _make(
        self,
        state: RunState,
        table: str,
        inputs: list[InputDataset],
        outputs: list[OutputDataset],
    ) -> RunEvent:
        return RunEvent(
            eventTime=datetime.now(UTC).isoformat(),
            producer=_PRODUCER,
            eventType=state,
            run=Run(self._run),
            job=Job(_PRODUCER, table),
            inputs=inputs,
            outputs=outputs,
        )

    def _describe_table(self, planned: Planned) -> InputDataset:
        source = planned.plan.source
        fields = [
            schema_dataset.SchemaDatasetFacetFields(each.name, each.type.text)
            for each in source.columns
        ]
        facets: dict[str, Any] = {"schema": schema_dataset.SchemaDatasetFacet(fields)}
        return InputDataset(_name_account(planned), str(source.name), facets=facets)

    def _describe_delivery(self, entry: HistoryEntry) -> OutputDataset:
        planned = self._planned
        assert planned is not None  # noqa: S101 - for the type checker
        columns = ENGINES[planned.choice.engine].schema(self._request, planned.plan)
        fields = [schema_dataset.SchemaDatasetFacetFields(each.name, each.type) for each in columns]
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=entry.rows, size=entry.bytes, fileCount=len(entry.objects)
        )
        return OutputDataset(
            f"s3://{Destination.parse(self._request.bucket).bucket}",
            str(entry.result["file_name"]).rstrip("/"),
            facets={
                "schema": schema_dataset.SchemaDatasetFacet(fields),
                "columnLineage": _trace_columns(planned.plan, _name_account(planned)),
            },
            outputFacets={"outputStatistics": statistics},
        )


def _name_account(planned: Planned) -> str:
    return f"snowflake://{planned.account}"


def _trace_columns(plan: Plan, account: str) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """Return from which column each delivered one comes, and which columns decide its groups."""

    def field(column: PlannedColumn, kind: str, subtype: str, text: str = "") -> Any:
        made = column_lineage_dataset.Transformation(kind, subtype, text or None)
        return column_lineage_dataset.InputField(
            account, str(plan.source.name), column.name, [made]
        )

    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields={
            each.delivered_name: column_lineage_dataset.Fields(
                [field(each, "DIRECT", *_KINDS[each.role])]
            )
            for each in plan.delivered
        },
        dataset=[
            *(field(each, "INDIRECT", "GROUP_BY") for each in (plan.month, *plan.keys)),
            *([field(plan.month, "INDIRECT", "FILTER")] if plan.window else []),
        ],
    )
