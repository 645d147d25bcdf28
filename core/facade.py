"""The names of core that the front ends use, besides the public names of `core` itself.

`tui` imports only from here and from `core`, so that core's packages can change as long as these
names remain. As in `core`, a name's module is imported on first use (PEP 562), so importing this
module is fast. Each name is documented in the module that defines it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from core.aggregation.first_rows import FirstRows as FirstRows
    from core.bucket.checks import check_destination as check_destination
    from core.bucket.checks import is_there as is_there
    from core.bucket.checks import probe_destination as probe_destination
    from core.bucket.destination import DEFAULT_TEMPLATE as DEFAULT_TEMPLATE
    from core.bucket.target import object_key as object_key
    from core.bucket.target import object_url as object_url
    from core.bucket.target import open_bucket as open_bucket
    from core.configuration.destinations import NamedDestination as NamedDestination
    from core.configuration.destinations import fill_options as fill_options
    from core.configuration.destinations import list_destinations as list_destinations
    from core.configuration.edit import get_destination_text as get_destination_text
    from core.configuration.edit import parse_destination as parse_destination
    from core.configuration.edit import remove_destination as remove_destination
    from core.configuration.edit import write_destination as write_destination
    from core.connections import discovery as discovery
    from core.connections import keyring_store as keyring_store
    from core.connections import saved as saved
    from core.connections.saved import Remembered as Remembered
    from core.connections.secrets import Secret as Secret
    from core.engines import ENGINES as ENGINES
    from core.engines.choice import choose as choose
    from core.jobs.change import change_transfer as change_transfer
    from core.jobs.change import list_job_options as list_job_options
    from core.jobs.changes import Changes as Changes
    from core.jobs.changes import find_changes as find_changes
    from core.jobs.changes import refuse_changes as refuse_changes
    from core.jobs.entries import JobEntry as JobEntry
    from core.jobs.entries import read_entries as read_entries
    from core.jobs.job_file import Job as Job
    from core.jobs.job_file import JobTransfer as JobTransfer
    from core.jobs.job_file import read_job as read_job
    from core.jobs.manage import remove_transfer as remove_transfer
    from core.jobs.manage import rename_transfer as rename_transfer
    from core.jobs.result import find_worst as find_worst
    from core.jobs.run import compare_with_last as compare_with_last
    from core.jobs.run import run_transfers as run_transfers
    from core.jobs.run import share_memory as share_memory
    from core.jobs.save import add_transfer as add_transfer
    from core.jobs.save import choose_name as choose_name
    from core.jobs.save import is_job_name as is_job_name
    from core.jobs.save import save_transfer as save_transfer
    from core.jobs.schema import make_schema as make_schema
    from core.jobs.sign_ins import SignIns as SignIns
    from core.planning import edits as edits
    from core.planning.date_candidates import check_format as check_format
    from core.planning.date_candidates import suggest_formats as suggest_formats
    from core.planning.date_formats import parse_format as parse_format
    from core.planning.date_recognition import fit_values as fit_values
    from core.planning.delivered import DeliveredColumn as DeliveredColumn
    from core.planning.edits import get_date_format as get_date_format
    from core.planning.edits import restore_defaults as restore_defaults
    from core.planning.names import TableName as TableName
    from core.planning.names import join_names as join_names
    from core.planning.names import parse_table as parse_table
    from core.planning.names import warn_of_hidden as warn_of_hidden
    from core.planning.plan import Plan as Plan
    from core.planning.plan import PlannedColumn as PlannedColumn
    from core.planning.plan import Role as Role
    from core.planning.source import SourceColumn as SourceColumn
    from core.planning.window import Window as Window
    from core.planning.window import find_window as find_window
    from core.preview.browser import ColumnFacts as ColumnFacts
    from core.preview.browser import Explorer as Explorer
    from core.preview.browser import Look as Look
    from core.preview.cost import Estimate as Estimate
    from core.preview.cost import FormerRun as FormerRun
    from core.preview.cost import Way as Way
    from core.preview.cost import estimate as estimate
    from core.preview.month_preview import MonthRow as MonthRow
    from core.preview.month_preview import Months as Months
    from core.preview.month_preview import refine_grain as refine_grain
    from core.query import Statement as Statement
    from core.query import reads_all as reads_all
    from core.records.entry import DELIVERED as DELIVERED
    from core.records.entry import HistoryEntry as HistoryEntry
    from core.records.history import find_former_runs as find_former_runs
    from core.records.history import read_history as read_history
    from core.records.history import run_recorded as run_recorded
    from core.records.restatement import Restatement as Restatement
    from core.remedy import Spell as Spell
    from core.remedy import spell_out as spell_out
    from core.request.lists import split_names as split_names
    from core.request.object_rules import StorageClass as StorageClass
    from core.request.options import GROUPS as GROUPS
    from core.request.options import PLACE as PLACE
    from core.request.options import Option as Option
    from core.request.reproduce import as_command as as_command
    from core.request.reproduce import as_python as as_python
    from core.request.reproduce import find_hidden_values as find_hidden_values
    from core.request.request import DEFAULTS as DEFAULTS
    from core.request.write_ways import lacks_write_way as lacks_write_way
    from core.request.write_ways import needs_write_way as needs_write_way
    from core.runtime import redaction as redaction
    from core.runtime.aws.known import list_profiles as list_profiles
    from core.runtime.aws.known import list_regions as list_regions
    from core.runtime.aws.sessions import ask_for_codes as ask_for_codes
    from core.runtime.characters import escape_hidden as escape_hidden
    from core.runtime.characters import is_hidden as is_hidden
    from core.runtime.disk import private_files as private_files
    from core.runtime.disk.paths import config_dir as config_dir
    from core.runtime.disk.paths import data_dir as data_dir
    from core.runtime.disk.paths import log_dir as log_dir
    from core.runtime.disk.paths import state_dir as state_dir
    from core.runtime.disk.private_files import append as append
    from core.runtime.disk.private_files import opener as opener
    from core.runtime.disk.private_files import replace as replace
    from core.runtime.disk.workspace import discard_own as discard_own
    from core.runtime.process.core_dumps import forbid_core_dumps as forbid_core_dumps
    from core.runtime.process.malloc_arenas import limit_malloc_arenas as limit_malloc_arenas
    from core.runtime.redaction import redact as redact
    from core.runtime.track import Track as Track
    from core.runtime.track import amount as amount
    from core.runtime.track import fraction as fraction
    from core.warehouse.catalog import Entry as Entry
    from core.warehouse.lending import SignedIn as SignedIn

# The names by module, grouped by purpose.
_HOMES: Final = {
    # Browsing and previews before a run.
    "core.preview.browser": ("ColumnFacts", "Explorer", "Look"),
    "core.aggregation.first_rows": ("FirstRows",),
    "core.preview.cost": ("Estimate", "FormerRun", "Way", "estimate"),
    "core.preview.month_preview": ("MonthRow", "Months", "refine_grain"),
    "core.warehouse.catalog": ("Entry",),
    "core.warehouse.lending": ("SignedIn",),
    # The plan, and changes to it by the user.
    "core.planning.date_candidates": ("check_format", "suggest_formats"),
    "core.planning.date_formats": ("parse_format",),
    "core.planning.date_recognition": ("fit_values",),
    "core.planning.edits": ("restore_defaults", "get_date_format"),
    "core.planning.names": ("warn_of_hidden", "TableName", "join_names", "parse_table"),
    "core.planning.delivered": ("DeliveredColumn",),
    "core.planning.plan": ("Plan", "PlannedColumn", "Role"),
    "core.planning.source": ("SourceColumn",),
    "core.planning.window": ("Window", "find_window"),
    "core.query": ("Statement", "reads_all"),
    "core.request.reproduce": ("find_hidden_values", "as_command", "as_python"),
    # The engine, and its permission to write.
    "core.engines": ("ENGINES",),
    "core.engines.choice": ("choose",),
    "core.request.write_ways": ("lacks_write_way", "needs_write_way"),
    # The destination.
    "core.bucket.checks": ("check_destination", "is_there", "probe_destination"),
    "core.bucket.destination": ("DEFAULT_TEMPLATE",),
    "core.bucket.target": ("object_key", "object_url", "open_bucket"),
    "core.configuration.destinations": (
        "NamedDestination",
        "fill_options",
        "list_destinations",
    ),
    "core.configuration.edit": (
        *("get_destination_text", "parse_destination"),
        *("remove_destination", "write_destination"),
    ),
    # Job files.
    "core.jobs.change": ("change_transfer", "list_job_options"),
    "core.jobs.entries": ("JobEntry", "read_entries"),
    "core.jobs.changes": ("Changes", "find_changes", "refuse_changes"),
    "core.jobs.job_file": ("Job", "JobTransfer", "read_job"),
    "core.jobs.manage": ("remove_transfer", "rename_transfer"),
    "core.jobs.result": ("find_worst",),
    "core.jobs.run": ("compare_with_last", "run_transfers", "share_memory"),
    "core.jobs.save": ("add_transfer", "choose_name", "is_job_name", "save_transfer"),
    "core.jobs.schema": ("make_schema",),
    "core.jobs.sign_ins": ("SignIns",),
    "core.request.lists": ("split_names",),
    "core.request.object_rules": ("StorageClass",),
    "core.request.request": ("DEFAULTS",),
    # A run, and former runs.
    "core.records.entry": ("DELIVERED", "HistoryEntry"),
    "core.records.history": (
        "read_history",
        "find_former_runs",
        "run_recorded",
    ),
    "core.records.restatement": ("Restatement",),
    "core.runtime.track": ("Track", "amount", "fraction"),
    # Remedies, connections, the process and the program's files.
    "core.remedy": (
        "spell_out",
        "Spell",
    ),
    "core.runtime.redaction": ("redact",),
    "core.runtime.aws.known": ("list_profiles", "list_regions"),
    "core.runtime.aws.sessions": ("ask_for_codes",),
    "core.runtime.process.core_dumps": ("forbid_core_dumps",),
    "core.runtime.process.malloc_arenas": ("limit_malloc_arenas",),
    "core.runtime.characters": (
        "is_hidden",
        "escape_hidden",
    ),
    "core.runtime.disk.private_files": (
        "replace",
        "opener",
        "append",
    ),
    "core.request.options": (
        "Option",
        "GROUPS",
        "PLACE",
    ),
    "core.connections.saved": ("Remembered",),
    "core.connections.secrets": ("Secret",),
    "core.runtime.disk.paths": ("config_dir", "data_dir", "log_dir", "state_dir"),
    "core.runtime.disk.workspace": ("discard_own",),
}
# Modules that are provided as a whole: their functions are used with the module's name.
_MODULES: Final = {
    "edits": "core.planning.edits",
    "redaction": "core.runtime.redaction",
    "discovery": "core.connections.discovery",
    "keyring_store": "core.connections.keyring_store",
    "private_files": "core.runtime.disk.private_files",
    "saved": "core.connections.saved",
}
_HOME: Final = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # otherwise a name that is missing above would have the type Any

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(_MODULES[name])
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*_HOME, *_MODULES})
