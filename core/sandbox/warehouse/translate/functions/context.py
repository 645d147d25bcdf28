"""The context functions of a session: CURRENT_* and the clock."""

from __future__ import annotations

from sqlglot import exp

from core.sandbox.warehouse import types
from core.sandbox.warehouse.translate.binder import Binder, binds
from core.sandbox.warehouse.translate.bound import Bound, quote, timestamp
from core.sandbox.warehouse.translate.casts import cast, zone_wall
from core.sandbox.warehouse.translate.functions.registry import constant, function, special

NAMES = ("ACCOUNT", "USER", "ROLE", "WAREHOUSE", "DATABASE", "SCHEMA", "SESSION", "VERSION",
         "REGION", "CLIENT", "ACCOUNT_NAME", "ORGANIZATION_NAME")  # fmt: skip


def _context_function(name: str) -> None:
    @function(f"CURRENT_{name}", least=0)
    def call(binder: Binder) -> Bound:
        value = binder.translation.names.context(name)
        if value is None:
            return Bound("NULL::VARCHAR", types.TEXT)
        return Bound(quote(value), types.TEXT, literal=value)


for _name in NAMES:
    _context_function(_name)


@function("LAST_QUERY_ID", least=0, most=1)
def _last_query_id(binder: Binder, index: Bound | None = None) -> Bound:
    number = int(constant(index, "LAST_QUERY_ID")) if index is not None else -1
    value = binder.translation.names.query_id(number)
    return Bound(quote(value) if value else "NULL::VARCHAR", types.TEXT, literal=value)


@special("CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "GETDATE", "SYSTIMESTAMP")
def _current_timestamp(_: Binder, __: list[exp.Expr]) -> Bound:
    return timestamp(types.LTZ, "timezone('UTC', now())")


@function("SYSDATE", least=0)
def _sysdate(_: Binder) -> Bound:
    return timestamp(types.NTZ, "timezone('UTC', now())")


@special("CURRENT_DATE")
def _current_date(binder: Binder, _: list[exp.Expr]) -> Bound:
    shown = zone_wall(binder.translation.names.zone(), "timezone('UTC', now())")
    return Bound(f"CAST({shown} AS DATE)", types.DATE)


@special("CURRENT_TIME", "LOCALTIME")
def _current_time(binder: Binder, arguments: list[exp.Expr]) -> Bound:
    return cast(binder, _current_timestamp(binder, arguments), types.TIME)


@binds(exp.CurrentTimestamp, exp.CurrentDatetime)
def _timestamp_word(binder: Binder, _: exp.Expr) -> Bound:
    return _current_timestamp(binder, [])


@binds(exp.CurrentDate)
def _date_word(binder: Binder, _: exp.Expr) -> Bound:
    return _current_date(binder, [])


@binds(exp.Localtime, exp.CurrentTime)
def _time_word(binder: Binder, _: exp.Expr) -> Bound:
    return _current_time(binder, [])


@binds(exp.CurrentUser)
def _user_word(binder: Binder, _: exp.Expr) -> Bound:
    return Bound(quote(binder.translation.names.context("USER") or ""), types.TEXT)


@binds(exp.CurrentRole)
def _role_word(binder: Binder, _: exp.Expr) -> Bound:
    return Bound(quote(binder.translation.names.context("ROLE") or ""), types.TEXT)
