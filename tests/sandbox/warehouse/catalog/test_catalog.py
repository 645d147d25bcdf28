"""SHOW, DESCRIBE, INFORMATION_SCHEMA, and what a role may know."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from core.sandbox.warehouse.engine.engine import Engine, EngineSession
from tests.sandbox.warehouse.queries import Row, failing, one, rows, session_in


@pytest.fixture(scope="module")
def engine(engine: Engine) -> Engine:
    session = session_in(engine)
    session.run("CREATE DATABASE SHOP COMMENT = 'for tests'")
    session.run('CREATE SCHEMA SHOP."Mixed.Schema"')
    for schema in ("PUBLIC", '"Mixed.Schema"'):
        session.run(f"CREATE TABLE SHOP.{schema}.ITEMS (A NUMBER(12,2) NOT NULL, B VARCHAR(3))")
    session.run('CREATE TABLE SHOP.PUBLIC."items_2" AS SELECT 1 AS A')
    session.run("CREATE TABLE SHOP.PUBLIC.ITEMSX2 (A NUMBER)")
    session.run("INSERT INTO SHOP.PUBLIC.ITEMS VALUES (1, 'a'), (2, 'b')")
    session.run("CREATE VIEW SHOP.PUBLIC.V AS SELECT A AS TWICE FROM SHOP.PUBLIC.ITEMS")
    return engine


@pytest.fixture
def session(session: EngineSession) -> EngineSession:
    session.database = "SHOP"
    return session


def column(session: EngineSession, sql: str, name: str) -> list[object]:
    """One column of a SHOW by its name."""
    answer = session.run(sql)
    index = [each.name for each in answer.columns].index(name)
    return [value for batch in answer.batches for value in batch.column(index).to_pylist()]


def test_show_tables_has_snowflakes_columns(session: EngineSession) -> None:
    answer = session.run("SHOW TABLES IN SCHEMA SHOP.PUBLIC")
    assert " ".join(each.name for each in answer.columns) == (
        "created_on name database_name schema_name kind comment cluster_by rows bytes owner "
        "retention_time automatic_clustering change_tracking search_optimization "
        "search_optimization_progress search_optimization_bytes is_external "
        "enable_schema_evolution owner_role_type is_event is_hybrid is_iceberg is_dynamic "
        "is_immutable is_interactive row_timestamp error_logging"
    )
    created, *rest = next(zip(*(c.to_pylist() for c in next(answer.batches).columns), strict=True))
    assert abs((datetime.now(UTC) - created).total_seconds()) < 600
    assert rest[:5] == ["ITEMS", "SHOP", "PUBLIC", "TABLE", ""]
    assert rest[6] == 2
    assert rest[7] > 0


def test_show_tables_filters_and_order(session: EngineSession) -> None:
    def names(rest: str) -> list[object]:
        return column(session, f"SHOW TABLES {rest}", "name")

    public = ["ITEMS", "ITEMSX2", "items_2"]
    assert names("") == public
    assert names("LIKE 'items%'") == public
    assert names("LIKE 'ITEMS_2'") == ["ITEMSX2", "items_2"]
    assert names(r"LIKE 'ITEMS\\_2'") == ["items_2"]
    assert names("LIKE 'none'") == []
    assert names("STARTS WITH 'ITEMS'") == ["ITEMS", "ITEMSX2"]
    assert names("LIMIT 1") == ["ITEMS"]
    assert names("LIMIT 2 FROM 'ITEMS'") == ["ITEMSX2", "items_2"]
    assert names("IN SCHEMA PUBLIC") == public
    assert names('IN SCHEMA SHOP."Mixed.Schema"') == ["ITEMS"]
    assert names("IN DATABASE SHOP") == ["ITEMS", *public]
    everything = names("IN ACCOUNT")
    assert everything.index("ORDERS_100K") < everything.index("ITEMSX2")
    with failing(2003, "Schema 'SHOP.NOPE' does not exist"):
        names("IN SCHEMA SHOP.NOPE")
    with failing(2003, "Database 'NOPE' does not exist"):
        names("IN DATABASE NOPE")


def test_show_databases_schemas_views_objects(session: EngineSession) -> None:
    assert column(session, "SHOW DATABASES", "name") == ["DEMO", "SHOP"]
    assert column(session, "SHOW DATABASES LIKE 'sh%'", "comment") == ["for tests"]
    assert column(session, "SHOW SCHEMAS", "name") == [
        "INFORMATION_SCHEMA",
        "Mixed.Schema",
        "PUBLIC",
    ]
    assert column(session, "SHOW SCHEMAS IN DATABASE DEMO", "is_current") == ["N", "N"]
    assert column(session, "SHOW SCHEMAS IN ACCOUNT", "database_name").count("SHOP") == 3
    assert column(session, "SHOW VIEWS", "name") == ["V"]
    assert column(session, "SHOW OBJECTS", "kind") == ["TABLE", "TABLE", "VIEW", "TABLE"]
    assert column(session, "SHOW OBJECTS", "rows") == [2, 0, 0, 1]
    assert column(session, "SHOW WAREHOUSES", "name") == ["COMPUTE_WH"]
    assert "RESTRICTED" in column(session, "SHOW ROLES", "name")


def test_show_columns(session: EngineSession) -> None:
    sql = "SHOW COLUMNS IN TABLE SHOP.PUBLIC.ITEMS"
    assert column(session, sql, "column_name") == ["A", "B"]
    assert column(session, sql, "null?") == ["false", "true"]
    described = [json.loads(str(each)) for each in column(session, sql, "data_type")]
    assert described == [
        {"type": "FIXED", "precision": 12, "scale": 2, "nullable": False},
        {"type": "TEXT", "length": 3, "byteLength": 12, "nullable": True, "fixed": False},
    ]
    assert len(column(session, "SHOW COLUMNS IN DATABASE SHOP", "column_name")) == 7


def described(session: EngineSession, sql: str) -> list[Row]:
    """name, type, kind, null?, default"""
    return [row[:5] for row in rows(session, sql)]


def test_describe(session: EngineSession) -> None:
    session.run("""CREATE OR REPLACE TABLE ALL_TYPES (N INT, F DOUBLE, S STRING, B BINARY,
        O BOOLEAN, D DATE, T TIME(3), X TIMESTAMP, L TIMESTAMP_LTZ(0), Z TIMESTAMP_TZ, V VARIANT,
        J OBJECT, A ARRAY, G GEOGRAPHY, Q NUMBER(5) DEFAULT 7 COMMENT 'q')""")
    found = described(session, "DESCRIBE TABLE ALL_TYPES")
    assert [row[1] for row in found] == [
        "NUMBER(38,0)",
        "FLOAT",
        "VARCHAR(16777216)",
        "BINARY(8388608)",
        "BOOLEAN",
        "DATE",
        "TIME(3)",
        "TIMESTAMP_NTZ(9)",
        "TIMESTAMP_LTZ(0)",
        "TIMESTAMP_TZ(9)",
        "VARIANT",
        "OBJECT",
        "ARRAY",
        "GEOGRAPHY",
        "NUMBER(5,0)",
    ]
    assert found[-1] == ("Q", "NUMBER(5,0)", "COLUMN", "Y", "7")
    assert described(session, "DESC TABLE ITEMS")[0] == ("A", "NUMBER(12,2)", "COLUMN", "N", None)
    assert described(session, "DESCRIBE VIEW V") == [("TWICE", "NUMBER(12,2)", "COLUMN", "Y", None)]
    session.run("DROP TABLE ALL_TYPES")
    session.run("CREATE TABLE RARE (X DECFLOAT, Y VECTOR(FLOAT, 3))")
    session.run("INSERT INTO RARE SELECT 1.5, [1, 2.5, 3]::VECTOR(FLOAT, 3)")
    assert [row[1] for row in described(session, "DESCRIBE TABLE RARE")] == [
        "DECFLOAT",
        "VECTOR(FLOAT, 3)",
    ]
    assert rows(session, "SELECT X::FLOAT, TO_JSON(Y::ARRAY) FROM RARE") == [(1.5, "[1,2.5,3]")]
    session.run("DROP TABLE RARE")


def test_information_schema(session: EngineSession) -> None:
    tables = """SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ROW_COUNT, BYTES > 0
                FROM SHOP.INFORMATION_SCHEMA.TABLES ORDER BY 1, 2"""
    assert rows(session, tables) == [
        ("Mixed.Schema", "ITEMS", "BASE TABLE", 0, False),
        ("PUBLIC", "ITEMS", "BASE TABLE", 2, True),
        ("PUBLIC", "ITEMSX2", "BASE TABLE", 0, False),
        ("PUBLIC", "V", "VIEW", None, None),
        ("PUBLIC", "items_2", "BASE TABLE", 1, True),
    ]
    columns = """SELECT COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, DATA_TYPE, NUMERIC_PRECISION,
                        NUMERIC_SCALE, CHARACTER_MAXIMUM_LENGTH
                 FROM INFORMATION_SCHEMA.COLUMNS
                 WHERE TABLE_NAME = 'ITEMS' AND TABLE_SCHEMA = 'PUBLIC' ORDER BY 2"""
    assert rows(session, columns) == [
        ("A", 1, "NO", "NUMBER", 12, 2, None),
        ("B", 2, "YES", "TEXT", None, None, 3),
    ]
    schemata = "SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA ORDER BY 1"
    assert len(rows(session, schemata)) == 3
    assert one(session, "SELECT COUNT(*) FROM DEMO.INFORMATION_SCHEMA.VIEWS") == 1
    empty = "SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'nothing'"
    assert rows(session, empty) == []
    with failing(2003):
        rows(session, "SELECT * FROM INFORMATION_SCHEMA.NOPE")


def test_a_limited_role_sees_what_it_was_granted(engine: Engine, session: EngineSession) -> None:
    limited = session_in(engine)
    limited.database = "SHOP"
    limited.role = "RESTRICTED"
    assert column(limited, "SHOW TABLES IN ACCOUNT", "name") == []
    assert column(limited, "SHOW DATABASES", "name") == []
    with failing(2003, "Object 'ITEMS' does not exist or not authorized"):
        rows(limited, "SELECT * FROM ITEMS")
    with failing(2003, "does not exist or not authorized"):
        rows(limited, "DESCRIBE TABLE ITEMS")
    with failing(2003, "Database 'SHOP' does not exist or not authorized"):
        limited.run("USE DATABASE SHOP")

    session.run("GRANT REFERENCES ON TABLE SHOP.PUBLIC.ITEMS TO ROLE RESTRICTED")
    assert len(rows(limited, "DESCRIBE TABLE ITEMS")) == 2
    assert column(limited, "SHOW TABLES IN ACCOUNT", "name") == ["ITEMS"]
    assert rows(limited, "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES") == [("ITEMS",)]
    with failing(3001, "Insufficient privileges to operate on table 'ITEMS'"):
        rows(limited, "SELECT * FROM ITEMS")

    session.run("GRANT SELECT ON TABLE SHOP.PUBLIC.ITEMS TO ROLE RESTRICTED")
    assert len(rows(limited, "SELECT * FROM ITEMS")) == 2
    with failing(3001):
        limited.run("INSERT INTO ITEMS VALUES (1, 'a')")
    with failing(3001):
        limited.run("DROP TABLE ITEMS")
    with failing(3001):
        limited.run("CREATE TABLE MINE (A NUMBER)")
    session.run("REVOKE SELECT ON TABLE SHOP.PUBLIC.ITEMS FROM ROLE RESTRICTED")
    session.run("REVOKE REFERENCES ON TABLE SHOP.PUBLIC.ITEMS FROM ROLE RESTRICTED")
    with failing(2003):
        rows(limited, "SELECT * FROM ITEMS")


def test_a_view_lends_its_owners_rights(engine: Engine, session: EngineSession) -> None:
    session.run('CREATE ROLE "reader"')
    session.run('GRANT SELECT ON VIEW SHOP.PUBLIC.V TO ROLE "reader"')
    limited = session_in(engine)
    limited.database = "SHOP"
    limited.run('USE ROLE "reader"')
    assert len(rows(limited, "SELECT TWICE FROM V")) == 2
    with failing(2003):
        rows(limited, "SELECT * FROM ITEMS")
    with failing(2043):
        limited.run("USE ROLE NOBODY")
    with failing(2043):
        limited.run("USE WAREHOUSE NOWHERE")


def test_use_changes_the_session(engine: Engine) -> None:
    session = engine.connect()
    assert (session.database, session.schema) == (None, None)
    session.run("USE DATABASE SHOP")
    assert (session.database, session.schema) == ("SHOP", "PUBLIC")
    session.run('USE SCHEMA "Mixed.Schema"')
    assert session.schema == "Mixed.Schema"
    session.run("USE DEMO.PUBLIC")
    assert (session.database, session.schema) == ("DEMO", "PUBLIC")
    session.run(
        "ALTER SESSION SET QUERY_TAG = 'a b', STATEMENT_TIMEOUT_IN_SECONDS = 5, NEW_ONE = TRUE"
    )
    assert session.parameters["QUERY_TAG"] == "a b"
    assert session.parameters["STATEMENT_TIMEOUT_IN_SECONDS"] == 5
    assert session.parameters["NEW_ONE"] is True
    session.run("ALTER SESSION UNSET QUERY_TAG, NEW_ONE")
    assert session.parameters["QUERY_TAG"] == ""
    assert "NEW_ONE" not in session.parameters
