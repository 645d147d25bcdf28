"""FROM: tables, subqueries, VALUES, TABLE(GENERATOR | RESULT_SCAN), joins, SAMPLE."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from core.sandbox.warehouse import failures, types
from core.sandbox.warehouse.engine.time_travel import Point
from core.sandbox.warehouse.translate.binder import Binder, Translation
from core.sandbox.warehouse.translate.bound import Bound
from core.sandbox.warehouse.translate.casts import cast
from core.sandbox.warehouse.translate.functions.registry import constant
from core.sandbox.warehouse.translate.operators import alike, comparable, compare, truth
from core.sandbox.warehouse.translate.scope import BoundQuery, Field, Relation, Scope, fold

_HASH_SPACE = 1 << 64
_EMPTY_SCOPE = Scope()


def from_clause(translation: Translation, scope: Scope, node: exp.Expr) -> str:
    """Translate the FROM clause of a SELECT to DuckDB SQL; fills `scope.relations`."""
    source = node.args.get("from_")
    if source is None:
        return ""
    sql = _source(translation, scope, source.this)
    for join in [*(source.this.args.get("joins") or []), *(node.args.get("joins") or [])]:
        sql += _join(translation, scope, join)
    return " FROM " + sql


def _source(translation: Translation, scope: Scope, node: exp.Expr) -> str:
    """Translate one relation of FROM, and add its names to `scope`."""
    alias = node.args.get("alias")
    name = fold(alias.this) if alias is not None and alias.this is not None else ""
    names = tuple(fold(each) for each in (alias.args.get("columns") or [])) if alias else ()
    query, path = _query(translation, scope, node)
    scope.read = query.read
    physical = translation.fresh("r")
    scope.relations.append(query.relation(physical, (name,) if name else path, names))
    sample = node.args.get("sample")
    if sample is not None:
        return f"({_sample(translation, query, sample)}) AS {physical}"
    return f"{query.table or f'({query.sql})'} AS {physical}"


def _query(
    translation: Translation, scope: Scope, node: exp.Expr
) -> tuple[BoundQuery, tuple[str, ...]]:
    if isinstance(node, exp.Subquery):
        return translation.query(node.unnest(), scope.parent), ()
    if isinstance(node, exp.Values):
        return values(translation, node), ("VALUES",)
    if not isinstance(node, exp.Table):
        raise failures.unsupported(f"{node.key.upper()} in FROM")
    when = node.args.get("when")
    point = _point(translation, when) if when is not None else None
    if isinstance(node.this, exp.Anonymous):
        return _function_table(translation, scope, node.this, point)
    path = tuple(fold(part) for part in node.parts)
    cte = scope.cte(path[0]) if len(path) == 1 else None
    if cte is not None:
        _refuse_travel(point)
        physical, query = cte
        return replace(query, table=physical, read=None, constant=False), path
    return translation.names.relation(path, point)


def _point(translation: Translation, when: exp.Expr) -> Point:
    """Return the point in time of AT | BEFORE(TIMESTAMP | OFFSET | STATEMENT => ...)."""
    kind, before = str(when.args["kind"]).upper(), str(when.this).upper() == "BEFORE"
    binder, names = Binder(translation, _EMPTY_SCOPE), translation.names
    value = binder.bind(when.expression)
    if kind == "STATEMENT":
        return names.at_statement(constant(value, kind), before=before)
    if kind == "OFFSET":
        seconds = cast(binder, value, types.REAL).sql
        return names.at_moment(f"epoch_us(now()) + CAST({seconds} * 1e6 AS BIGINT)", before=before)
    if kind != "TIMESTAMP":
        raise failures.unsupported(f"AT | BEFORE ({kind} => ...)")
    moment = value if value.type.is_timestamp else cast(binder, value, types.NTZ)
    return names.at_moment(f"epoch_us({moment.t})", before=before)


def _refuse_travel(point: Point | None) -> None:
    if point is not None:
        raise failures.unsupported("AT | BEFORE of other than a table or view")


def path_of(text: str) -> tuple[str, ...]:
    """Split a dotted path given as text into names, as IDENTIFIER('...') takes it."""
    node = exp.to_table(text, dialect="snowflake")
    return tuple(fold(part) for part in node.parts)


def _function_table(
    translation: Translation, scope: Scope, call: exp.Anonymous, point: Point | None
) -> tuple[BoundQuery, tuple[str, ...]]:
    name = str(call.this).upper()
    arguments = call.expressions
    if name == "IDENTIFIER" and arguments:
        value = Binder(translation, _EMPTY_SCOPE).bind(arguments[0])
        return translation.names.relation(path_of(constant(value, "IDENTIFIER")), point)
    _refuse_travel(point)
    inner = arguments[0] if arguments else None
    if name != "TABLE" or not isinstance(inner, exp.Anonymous):
        raise failures.unsupported(f"table function {name}")
    function = str(inner.this).upper()
    if function in ("RESULT_SCAN", "GET_QUERY_OPERATOR_STATS") and len(inner.expressions) == 1:
        value = Binder(translation, _EMPTY_SCOPE).bind(inner.expressions[0])
        names, statement_id = translation.names, constant(value, function)
        is_result = function == "RESULT_SCAN"
        found = names.result(statement_id) if is_result else names.operator_stats(statement_id)
        return found, (function,)
    if function != "GENERATOR":
        raise failures.unsupported(f"table function {function}")
    count = "0"
    for each in inner.expressions:
        if isinstance(each, exp.Kwarg) and each.this.name.upper() == "ROWCOUNT":
            count = constant(Binder(translation, scope).bind(each.expression), "GENERATOR")
    return BoundQuery(f"SELECT range AS x FROM range({int(count)})", ()), ("GENERATOR",)


def values(translation: Translation, node: exp.Expr) -> BoundQuery:
    """Translate VALUES, with the columns COLUMN1, COLUMN2 and so on."""
    binder = Binder(translation, Scope())
    rows = [
        [binder.bind(each) for each in (row.expressions if isinstance(row, exp.Tuple) else [row])]
        for row in node.expressions
    ]
    if len({len(row) for row in rows}) != 1:
        raise failures.invalid("Invalid number of columns in VALUES", 1789, "42601")
    kinds = [types.common([row[i].type for row in rows]) for i in range(len(rows[0]))]
    lines = ", ".join(
        "(" + ", ".join(cast(binder, v, k).sql for v, k in zip(row, kinds, strict=True)) + ")"
        for row in rows
    )
    names = ", ".join(f"c{i}" for i in range(len(kinds)))
    columns = tuple((f"COLUMN{i}", kind) for i, kind in enumerate(kinds, 1))
    return BoundQuery(f"SELECT {names} FROM (VALUES {lines}) AS v({names})", columns)


def _sample(translation: Translation, query: BoundQuery, sample: exp.Expr) -> str:
    """Return the query that reads a sample.

    With a seed, rows are chosen by a hash of their number, so that the sample is repeatable.
    Rules: docs.snowflake.com, "SAMPLE / TABLESAMPLE"; the text of the refusal of views:
    https://github.com/open-metadata/OpenMetadata/issues/8370
    """
    source = query.table or f"({query.sql})"
    size, given = sample.args.get("size"), sample.args.get("seed")
    seed = None if given is None else int(_number(translation, given))
    method = sample.args.get("method")
    by_block = method is not None and method.name.upper() in ("SYSTEM", "BLOCK")
    if query.table is None and (by_block or seed is not None):
        raise failures.invalid(
            "SAMPLE clause on views only supports row wise sampling without seed.", 2, "0A000"
        )
    if query.read is not None:
        query.read.whole = by_block
    if size is not None:
        if by_block or seed is not None:
            raise failures.unsupported("SAMPLE of a fixed size with SYSTEM or SEED")
        return (
            f"SELECT * FROM {source} TABLESAMPLE reservoir({int(_number(translation, size))} ROWS)"
        )
    share = _number(translation, sample.args["percent"]) / 100
    if not 0 <= share <= 1:
        raise failures.invalid("Sample probability must be between 0 and 100", 1008)
    if by_block and query.read is not None:
        query.read.sample(share, seed)
        chosen = query.read.condition()
    elif seed is None:
        chosen = f"random() < {share!r}"
    else:
        chosen = f"hash(rowid, {seed}) < {int(share * _HASH_SPACE)}::UHUGEINT"
    return f"SELECT * FROM {source} WHERE {chosen}"


def _number(translation: Translation, node: exp.Expr) -> float:
    value = Binder(translation, _EMPTY_SCOPE).bind(node)
    try:
        return float(constant(value, "SAMPLE"))
    except ValueError as error:
        raise failures.invalid("Sample size must be a number") from error


def _join(translation: Translation, scope: Scope, node: exp.Expr) -> str:
    before = len(scope.relations)
    right = _source(translation, scope, node.this)
    nested = node.this.args.get("joins") or []
    for each in nested:
        right += _join(translation, scope, each)
    side, kind = (node.args.get("side") or "").upper(), (node.args.get("kind") or "").upper()
    method = (node.args.get("method") or "").upper()
    if method not in ("", "NATURAL") or kind not in ("", "INNER", "CROSS", "OUTER"):
        raise failures.unsupported(f"{method} {kind} JOIN".strip())
    using = [fold(each) for each in node.args.get("using") or []]
    if method == "NATURAL":
        using = _shared_names(scope.relations[:before], scope.relations[before])
    condition = node.args.get("on")
    if side in ("LEFT", "FULL"):
        scope.relations[before:] = [each.optional() for each in scope.relations[before:]]
    if side in ("RIGHT", "FULL"):
        scope.relations[:before] = [each.optional() for each in scope.relations[:before]]
        for name, value in scope.merged.items():
            scope.merged[name] = replace(value, required=False)
    if using:
        test = _using(translation, scope, before, using, side)
    elif condition is not None:
        test = truth(Binder(translation, scope), condition)
    elif side:
        raise failures.syntax(1, 0, "JOIN")
    else:
        return f" CROSS JOIN {right}"
    return f" {side or 'INNER'} JOIN {right} ON {test}"


def _shared_names(left: list[Relation], right: Relation) -> list[str]:
    known = {field.name for relation in left for field in relation.fields}
    return [field.name for field in right.fields if field.name in known]


def _using(translation: Translation, scope: Scope, before: int, names: list[str], side: str) -> str:
    """Return the condition of USING; its columns then mean the side that is not missing."""
    binder = Binder(translation, scope)
    tests = []
    for name in names:
        left = Scope(relations=scope.relations[:before], merged=scope.merged).own(name, ())
        right = Scope(relations=scope.relations[before:]).own(name, ())
        if left is None or right is None:
            raise failures.invalid_identifier(name)
        tests.append(compare(binder, left, "=", right))
        scope.merged[name] = _merge(binder, left, right, side)
    return " AND ".join(tests)


def _merge(binder: Binder, left: Bound, right: Bound, side: str) -> Bound:
    if side == "RIGHT":
        return right
    if side != "FULL":
        return left
    a, b = alike(binder, left, right)
    return Bound(f"coalesce({comparable(a)}, {comparable(b)})", a.type)


def star_fields(scope: Scope, qualifier: tuple[str, ...]) -> list[Field]:
    """Return the columns that `*` or `t.*` means.

    Raises:
        Failure: 904 when nothing has that name.
    """
    relations = [each for each in scope.relations if each.answers_to(qualifier)]
    if not relations:
        raise failures.invalid_identifier(".".join(qualifier) or "*")
    fields, seen = [], set()
    for relation in relations:
        for field in relation.fields:
            merged = None if qualifier else scope.merged.get(field.name)
            if merged is not None and field.name in seen:
                continue
            seen.add(field.name)
            fields.append(Field(field.name, merged or field.value))
    return fields
