"""The warehouse's SQL engine: Snowflake statements in, answers out.

One DuckDB database holds the rows, a `Catalog` the names. A session may run several statements at
once: each has its own DuckDB cursor. Every failure is a `Failure` with Snowflake's code.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
from sqlglot import exp

from core.sandbox import samples
from core.sandbox.warehouse import failures
from core.sandbox.warehouse.answer import Answer
from core.sandbox.warehouse.catalog import show
from core.sandbox.warehouse.catalog.catalog import Catalog
from core.sandbox.warehouse.engine import ddl, dml, session_settings
from core.sandbox.warehouse.engine.execution import Execution, Handler
from core.sandbox.warehouse.engine.past import Past
from core.sandbox.warehouse.engine.session_state import DEFAULT_PARAMETERS, SessionState
from core.sandbox.warehouse.model import Failure
from core.sandbox.warehouse.translate.dialect import parse
from core.sandbox.warehouse.unload.clauses import redact
from core.sandbox.warehouse.unload.stages import Storage
from core.sandbox.warehouse.unload.statements import statement
from core.sandbox.warehouse.users.statements import user_statement
from core.sandbox.warehouse.users.users import Users

__all__ = ["Bind", "Engine", "EngineSession", "Failure"]

Bind = tuple[str, object]
_MEMORY_LIMIT = "256MB"
_THREADS = 2
_MACROS = (
    # round(a / b), half away from zero, of two whole numbers
    """CREATE MACRO snowflake_divide(a, b) AS
       (2 * abs(a) + abs(b)) // (2 * abs(b)) * CASE WHEN (a < 0) <> (b < 0) THEN -1 ELSE 1 END""",
)


class Engine:
    """One warehouse: a DuckDB database under `data_dir` with the sample tables.

    Args:
        data_dir: a directory that only this sandbox uses; the database in it is created again.
        parameters: what the account sets of the session parameters, by their upper-case names.

    Attributes:
        past: earlier statements, set by a server that keeps them; None without a server.
        users: who may sign in, set by the server; None without a server.
        storage: stages and integrations; the bucket's address is set later.
    """

    def __init__(self, data_dir: Path, parameters: Mapping[str, object] | None = None) -> None:
        self.parameters: Mapping[str, object] = DEFAULT_PARAMETERS | dict(parameters or {})
        data_dir.mkdir(parents=True, exist_ok=True)
        self._path = data_dir / "warehouse.duckdb"
        self._spill = data_dir / "spill"
        self._remove()
        self._database = duckdb.connect(
            str(self._path),
            config={
                "memory_limit": _MEMORY_LIMIT,
                "threads": _THREADS,
                "temp_directory": str(self._spill),
            },
        )
        for macro in _MACROS:
            self._database.execute(macro)
        self.catalog: Catalog = Catalog()
        self.storage = Storage(data_dir)
        self.past: Past | None = None
        self.users: Users | None = None
        samples.install(self)
        # No statement reads or writes other files than the database's, or loads extensions.
        self._database.execute("SET enable_external_access = false")

    def connect(self) -> EngineSession:
        """Open a new session."""
        return EngineSession(self)

    def execute(self, sql: str) -> None:
        """Run DuckDB SQL while the warehouse is set up."""
        self._database.execute(sql)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new DuckDB connection for one statement."""
        return self._database.cursor()

    def close(self) -> None:
        """Close the database and remove its files."""
        self._database.close()
        self._remove()

    def _remove(self) -> None:
        for suffix in ("", ".wal"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        shutil.rmtree(self._spill, ignore_errors=True)


class EngineSession:
    """One Snowflake session: names, role, parameters. `run` may be called from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.state = SessionState(defaults=engine.parameters)

    @property
    def database(self) -> str | None:
        """The current database."""
        return self.state.database

    @database.setter
    def database(self, value: str | None) -> None:
        self.state.database = value

    @property
    def schema(self) -> str | None:
        """The current schema."""
        return self.state.schema

    @schema.setter
    def schema(self, value: str | None) -> None:
        self.state.schema = value

    @property
    def role(self) -> str:
        """The current role."""
        return self.state.role

    @role.setter
    def role(self, value: str) -> None:
        self.state.role = value

    @property
    def warehouse(self) -> str:
        """The current warehouse."""
        return self.state.warehouse

    @warehouse.setter
    def warehouse(self, value: str) -> None:
        self.state.warehouse = value

    @property
    def parameters(self) -> dict[str, object]:
        """Session parameters by their upper-case names."""
        return self.state.parameters

    def run(
        self,
        sql: str,
        binds: Sequence[Bind] = (),
        *,
        on_start: Callable[[Callable[[], None]], None] | None = None,
        query_id: str = "",
    ) -> Answer:
        """Run one statement.

        Args:
            sql: the statement, in Snowflake's SQL.
            binds: values of `?` or `:1`, in order: wire type and value (text, None, or a list of
                them for an INSERT of many rows).
            on_start: gets a function that interrupts the statement from any thread.
            query_id: the statement's own.

        Raises:
            Failure: by Snowflake's code, here or while the answer's batches are read.
        """
        engine = self._engine
        execution = Execution(engine.catalog, self.state, engine.cursor(), binds, engine.past)
        if on_start is not None:
            on_start(execution.interruption.request)
        try:
            own = statement(sql, engine.storage, query_id) or user_statement(sql, engine.users)
            if own is not None:
                return replace(own(execution), trace=execution.trace())
            node = self._fold(parse(sql))
            return replace(_handler(node)(execution, node), trace=execution.trace())
        except Failure:
            raise
        except duckdb.Error as error:
            raise failures.from_duckdb(error) from error
        except RecursionError as error:
            raise failures.invalid("The statement is too deeply nested", 2, "0A000") from error
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            # sqlglot accepts more than Snowflake does, in shapes that no handler expects
            raise failures.unsupported(redact(sql).strip()[:60]) from error
        finally:
            execution.finish()

    def _fold(self, node: exp.Expr) -> exp.Expr:
        """Take quoted identifiers in upper case, if the session is to ignore their case."""
        if self.state.parameter("QUOTED_IDENTIFIERS_IGNORE_CASE").lower() == "true":
            for each in list(node.find_all(exp.Identifier)):
                each.set("this", str(each.this).upper())
        return node

    def close(self) -> None:
        """End the session: its temporary tables go. Statements that still run are not stopped."""
        execution = Execution(self._engine.catalog, self.state, self._engine.cursor())
        try:
            for table in self.state.temporary:
                if self._engine.catalog.find(table.path) is table:
                    execution.drop([self._engine.catalog.remove(table.path)])
        finally:
            execution.finish()


def _query(execution: Execution, node: exp.Expr) -> Answer:
    return execution.stream(execution.translate(node))


def _alter(execution: Execution, node: exp.Expr) -> Answer:
    kind = str(node.args.get("kind") or "").upper()
    if kind == "SESSION":
        return session_settings.alter_session(execution, node)
    if kind == "TABLE":
        return ddl.alter_table(execution, node)
    raise failures.unsupported(f"ALTER {kind}")


_HANDLERS: dict[type[exp.Expr], Handler] = {
    exp.Select: _query, exp.Union: _query, exp.Except: _query, exp.Intersect: _query,
    exp.Subquery: _query, exp.Values: _query,
    exp.Show: show.show, exp.Describe: show.describe,
    exp.Create: ddl.create, exp.Drop: ddl.drop, exp.TruncateTable: ddl.truncate,
    exp.Alter: _alter, exp.Insert: dml.insert, exp.Update: dml.update, exp.Delete: dml.delete,
    exp.Use: session_settings.use, exp.Grant: session_settings.grant,
    exp.Revoke: session_settings.grant,
    exp.Command: session_settings.command, exp.Transaction: session_settings.transaction,
    exp.Commit: session_settings.transaction, exp.Rollback: session_settings.transaction,
}  # fmt: skip


def _handler(node: exp.Expr) -> Handler:
    handler = _HANDLERS.get(type(node))
    if handler is None:
        if isinstance(node, exp.Column | exp.Identifier | exp.Alias | exp.Literal):
            raise failures.syntax(1, 0, node.name)
        raise failures.unsupported(node.key.upper())
    return handler
