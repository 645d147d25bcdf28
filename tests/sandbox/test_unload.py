"""COPY INTO <location>: what the warehouse writes to the bucket, and what it refuses."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError

from core.sandbox.launcher import Sandbox
from core.sandbox.warehouse.clauses import redacted
from core.sandbox.warehouse.s3 import client
from tests.sandbox.queries import engine_in, failing, session_in

Row = tuple[Any, ...]
PATIENCE = 30.0  # seconds; what is waited for takes less than one
PARQUET = "FILE_FORMAT = (TYPE = PARQUET) SINGLE = TRUE HEADER = TRUE"
PLAIN_CSV = "TYPE = CSV COMPRESSION = NONE"


class Unloads:
    """A session that unloads below a prefix of its own, and sees what has come of it."""

    def __init__(
        self, sandbox: Sandbox, connection: snowflake.connector.SnowflakeConnection, s3: Any
    ) -> None:
        self.bucket = sandbox.s3["bucket"]
        self.s3 = s3
        self.prefix = f"{uuid4()}/"
        self.integration = sandbox.unload["storage_integration"]
        self.stage = sandbox.unload["stage"]
        self.connection = connection
        self.cursor = connection.cursor()

    def run(self, sql: str) -> list[Row]:
        return self.cursor.execute(sql).fetchall()  # type: ignore[no-any-return]

    def statement(self, path: str, query: str, options: str) -> str:
        access = f"STORAGE_INTEGRATION = {self.integration}"
        return f"COPY INTO '{self.url(path)}' FROM ({query}) {access} {options}"

    def copy(self, path: str, query: str, options: str) -> list[Row]:
        return self.run(self.statement(path, query, options))

    def url(self, path: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}{path}"

    def read(self, path: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=self.prefix + path)["Body"].read()  # type: ignore[no-any-return]

    def parquet(self, path: str) -> pa.Table:
        return pq.read_table(io.BytesIO(self.read(path)))

    def text(self, path: str) -> str:
        return self.read(path).decode()

    def names(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix).get("Contents", [])
        return [each["Key"].removeprefix(self.prefix) for each in found]

    def uploads(self) -> list[Any]:
        return self.s3.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def connection(sandbox: Sandbox) -> Iterator[snowflake.connector.SnowflakeConnection]:
    with snowflake.connector.connect(
        **sandbox.snowflake, session_parameters={"TIMEZONE": "UTC"}
    ) as connection:
        yield connection


@pytest.fixture(scope="module")
def s3(sandbox: Sandbox) -> Any:
    return boto3.client("s3", **{k: v for k, v in sandbox.s3.items() if k != "bucket"})


@pytest.fixture
def unloads(
    sandbox: Sandbox, connection: snowflake.connector.SnowflakeConnection, s3: Any
) -> Unloads:
    return Unloads(sandbox, connection, s3)


@pytest.fixture
def fails(unloads: Unloads) -> Callable[[str, int, str], None]:
    def check(sql: str, code: int, message: str) -> None:
        with pytest.raises(ProgrammingError) as caught:
            unloads.run(sql)
        assert caught.value.errno == code, caught.value
        assert message in str(caught.value)
        assert unloads.names() == []

    return check


def wait_for(condition: Callable[[], object]) -> None:
    end = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < end


def rows_of(count: int, columns: str = "SEQ4() AS N") -> str:
    return f"SELECT {columns} FROM TABLE(GENERATOR(ROWCOUNT => {count}))"


def test_a_single_parquet_file_holds_the_rows_in_order_and_in_their_types(
    unloads: Unloads,
) -> None:
    query = """
        SELECT column1::NUMBER(38,0) AS N, (column1 / 8)::NUMBER(12,3) AS "d d",
          column1::FLOAT AS F, column2 AS T, '2024-02-29'::DATE AS DT,
          '2024-02-29 01:02:03.123456'::TIMESTAMP_NTZ AS TS,
          '01:02:03.5'::TIME AS TI, TO_BINARY('00FF', 'HEX') AS B, column1 > 1 AS L,
          PARSE_JSON('{"a":[1]}') AS V
        FROM VALUES (1, 'x'), (3, NULL), (2, '') ORDER BY 1 DESC"""
    unloads.run("ALTER SESSION SET ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION = FALSE")
    (row,) = unloads.copy("a/b.parquet", query, PARQUET)
    unloads.run("ALTER SESSION UNSET ENABLE_UNLOAD_PHYSICAL_TYPE_OPTIMIZATION")
    size = len(unloads.read("a/b.parquet"))
    assert row == (3, size, size)
    table = unloads.parquet("a/b.parquet")
    assert table.to_pylist()[0] == {
        "N": 3,
        "d d": Decimal("0.375"),
        "F": 3.0,
        "T": None,
        "DT": date(2024, 2, 29),
        "TS": datetime(2024, 2, 29, 1, 2, 3, 123000, UTC),  # milliseconds: what Snowflake writes
        "TI": time(1, 2, 3, 500000),
        "B": b"\x00\xff",
        "L": True,
        "V": '{"a":[1]}',
    }
    assert table["N"].to_pylist() == [3, 2, 1]
    assert table["T"].to_pylist() == [None, "", "x"]
    assert table.schema.field("N").type == pa.decimal128(38, 0)
    assert table.schema.field("d d").type == pa.decimal128(12, 3)


def test_parquet_decimals_fit_the_values_unless_told_otherwise(unloads: Unloads) -> None:
    query = "SELECT 12.50::NUMBER(38,2) AS A, NULL::NUMBER(38,4) AS B"
    unloads.copy("fitted", query, "FILE_FORMAT = (TYPE = PARQUET) SINGLE = TRUE")
    schema = unloads.parquet("fitted").schema
    assert schema.names == ["_COL_0", "_COL_1"]
    assert schema.types == [pa.decimal128(4, 2), pa.decimal128(4, 4)]


@pytest.mark.parametrize("kind", ["TIMESTAMP_TZ", "TIMESTAMP_LTZ"])
def test_parquet_takes_no_zoned_timestamps(
    unloads: Unloads, fails: Callable[[str, int, str], None], kind: str
) -> None:
    query = f"SELECT CURRENT_TIMESTAMP()::{kind} AS T"
    sql = unloads.statement("x", query, PARQUET)
    fails(sql, 100171, f"not supported for unloading to Parquet. value get: {kind}")


def test_parquet_has_arrays_as_lists_of_json_texts(unloads: Unloads) -> None:
    query = """SELECT PARSE_JSON('[1,"é",{"a":null}]')::ARRAY AS A, NULL::ARRAY AS N,
        PARSE_JSON('[]')::ARRAY AS E"""
    unloads.copy("x", query, PARQUET)
    assert unloads.parquet("x").to_pylist() == [
        {"A": ["1", '"é"', '{"a":null}'], "N": None, "E": []}
    ]


def test_without_rows_there_is_no_file(unloads: Unloads) -> None:
    assert unloads.copy("x", "SELECT 1 AS A WHERE 1 = 0", PARQUET) == [(0, 0, 0)]
    assert unloads.copy("y", "SELECT 1 AS A WHERE 1 = 0", f"{PARQUET} DETAILED_OUTPUT = TRUE") == []
    assert unloads.copy("c/", "SELECT 1 AS A WHERE 1 = 0", "HEADER = TRUE") == [(0, 0, 0)]
    assert unloads.names() == []


def test_large_results_become_numbered_files_that_are_told_one_by_one(unloads: Unloads) -> None:
    query = rows_of(50_000, "SEQ4() AS N, MD5(SEQ4()::VARCHAR) AS H") + " ORDER BY N"
    options = "FILE_FORMAT = (TYPE = PARQUET) MAX_FILE_SIZE = 250000 DETAILED_OUTPUT = TRUE"
    told = unloads.copy("p/", query, f"{options} HEADER = TRUE")
    assert [d.name for d in unloads.cursor.description] == ["FILE_NAME", "FILE_SIZE", "ROW_COUNT"]
    assert len(told) > 8
    assert {"data_0_0_0.snappy.parquet", "data_0_7_0.snappy.parquet"} < {row[0] for row in told}
    assert "data_0_0_1.snappy.parquet" in {row[0] for row in told}
    assert sorted(unloads.names()) == sorted(f"p/{row[0]}" for row in told)
    numbers = []
    for name, size, rows in told:
        assert len(unloads.read(f"p/{name}")) == size < 350_000
        part = unloads.parquet(f"p/{name}")
        assert part.num_rows == rows
        numbers += part["N"].to_pylist()
    assert numbers == list(range(50_000))


def test_files_are_named_as_snowflake_names_them(unloads: Unloads) -> None:
    for path, options in (
        ("a/", ""),
        ("b/part", "FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE)"),
        ("c/part_", "FILE_FORMAT = (TYPE = CSV COMPRESSION = ZSTD)"),
        ("d/", "FILE_FORMAT = (TYPE = CSV FILE_EXTENSION = 'tsv')"),
        ("e/", "SINGLE = TRUE"),
        ("f/one.csv", "SINGLE = TRUE"),
        ("g/", "FILE_FORMAT = (TYPE = PARQUET COMPRESSION = NONE)"),
    ):
        unloads.copy(path, "SELECT 1 AS A", options)
    unloads.copy("h/", "SELECT 1 AS A", "INCLUDE_QUERY_ID = TRUE")
    query_id = unloads.cursor.sfqid
    assert unloads.names() == [
        "a/data_0_0_0.csv.gz",
        "b/part_0_0_0.csv",
        "c/part_0_0_0.csv.zst",
        "d/data_0_0_0.tsv",
        "e/data",
        "f/one.csv",
        "g/data_0_0_0.parquet",
        f"h/data_{query_id}_0_0_0.csv.gz",
    ]
    assert gzip.decompress(unloads.read("f/one.csv")) == b"1\n"  # whatever the name says


@pytest.mark.parametrize(
    ("options", "record"),
    [
        ("NULL_IF = ('null') FIELD_OPTIONALLY_ENCLOSED_BY = '0x27'", "1,'it''s','null','',null\n"),
        ("NULL_IF = () FIELD_OPTIONALLY_ENCLOSED_BY = '\"'", '1,"it\'s",,"",\n'),
        ("FIELD_OPTIONALLY_ENCLOSED_BY = '\"'", '1,"it\'s",\\N,"",\\N\n'),
        ("NULL_IF = ('null') EMPTY_FIELD_AS_NULL = FALSE", "1,it's,null,,null\n"),
        ("EMPTY_FIELD_AS_NULL = FALSE FIELD_DELIMITER = '\\t' RECORD_DELIMITER = '\\r\\n'",
         "1\tit's\t\\N\t\t\\N\r\n"),
    ],
)  # fmt: skip
def test_csv_tells_null_from_empty_text_as_its_options_say(
    unloads: Unloads, options: str, record: str
) -> None:
    query = "SELECT 1, 'it''s', NULL::VARCHAR, '', NULL::NUMBER"
    unloads.copy("x", query, f"FILE_FORMAT = ({PLAIN_CSV} {options}) SINGLE = TRUE")
    assert unloads.text("x") == record


def test_csv_refuses_empty_text_that_nothing_would_tell_from_null(
    unloads: Unloads, fails: Callable[[str, int, str], None]
) -> None:
    sql = unloads.statement("x", "SELECT ''", "SINGLE = TRUE")
    fails(sql, 100093, "Cannot unload empty string without file format option")


def test_csv_escapes_what_has_a_meaning_in_it(unloads: Unloads) -> None:
    query = r"SELECT 'a,b\\c' || CHR(10) || 'd\"e' AS T"
    unloads.copy("plain", query, f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE")
    assert unloads.text("plain") == 'a\\,b\\\\c\\\nd"e\n'
    quotes = "FIELD_OPTIONALLY_ENCLOSED_BY = '\"'"
    unloads.copy("q", query, f"FILE_FORMAT = ({PLAIN_CSV} {quotes}) SINGLE = TRUE HEADER = TRUE")
    assert unloads.text("q") == '"T"\n"a,b\\c\nd""e"\n'
    unloads.copy("e", query, rf"FILE_FORMAT = ({PLAIN_CSV} {quotes} ESCAPE = '\\') SINGLE = TRUE")
    assert unloads.text("e") == '"a,b\\\\c\nd\\"e"\n'


def test_one_text_column_can_be_written_as_it_is(unloads: Unloads) -> None:
    lines = ['{"a":"x,\\"y\\" \\\\ é"}', "{}"]
    literals = ", ".join("($$" + line + "$$)" for line in lines)
    as_it_is = (
        "FIELD_DELIMITER = NONE FIELD_OPTIONALLY_ENCLOSED_BY = NONE ESCAPE_UNENCLOSED_FIELD = NONE"
    )
    options = f"FILE_FORMAT = ({PLAIN_CSV} {as_it_is}) SINGLE = TRUE"
    unloads.copy("x.ndjson", f"SELECT column1 FROM VALUES {literals}", options)
    assert unloads.text("x.ndjson") == "".join(f"{line}\n" for line in lines)


def test_text_formats_write_values_by_the_session_and_the_file_format(unloads: Unloads) -> None:
    query = """SELECT 3.141592653589793::FLOAT, 123456789.987654321::FLOAT, 'NaN'::FLOAT,
        1.10::NUMBER(9,2), TRUE, '2024-02-29'::DATE, TO_BINARY('AB', 'HEX'),
        '2024-02-29 01:02:03.4567'::TIMESTAMP_NTZ, '01:02:03.5'::TIME"""
    unloads.copy("a", query, f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE")
    assert unloads.text("a").startswith(
        "3.141592654,123456789.987654,NaN,1.10,true,2024-02-29,AB,2024-02-29 01:02:03.456,"
    )
    formats = (
        "DATE_FORMAT = 'DD.MM.YYYY' TIMESTAMP_FORMAT = 'YYYY-MM-DD\"T\"HH24:MI:SS.FF6'"
        " TIME_FORMAT = 'HH24:MI:SS.FF3' BINARY_FORMAT = BASE64"
    )
    unloads.copy("b", query, f"FILE_FORMAT = ({PLAIN_CSV} {formats}) SINGLE = TRUE")
    assert unloads.text("b").endswith("29.02.2024,qw==,2024-02-29T01:02:03.456700,01:02:03.500\n")


def test_json_is_a_line_for_each_value_of_the_one_column(unloads: Unloads) -> None:
    query = rows_of(2, "OBJECT_CONSTRUCT('n', SEQ4(), 'f', 3.141592653589793::FLOAT) AS O")
    unloads.copy("j/", query, "FILE_FORMAT = (TYPE = JSON)")
    lines = gzip.decompress(unloads.read("j/data_0_0_0.json.gz")).splitlines()
    assert [json.loads(line) for line in lines] == [{"n": n, "f": 3.141592654} for n in range(2)]


def test_json_takes_no_other_column(
    unloads: Unloads, fails: Callable[[str, int, str], None]
) -> None:
    sql = unloads.statement("x", "SELECT 1 AS A", "FILE_FORMAT = (TYPE = JSON)")
    fails(sql, 2019, "one and only one column of type variant, object, or array")


def test_existing_files_stay_unless_told_otherwise(unloads: Unloads) -> None:
    one = "FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE) SINGLE = TRUE"
    unloads.copy("f", "SELECT 1", one)
    unloads.copy("f1", "SELECT 1", one)  # f is no prefix where there is but one file
    for path, options in (("f", one), ("f", "")):
        with pytest.raises(
            ProgrammingError, match="Files already existing at the unload dest"
        ) as e:
            unloads.copy(path, "SELECT 2", options)
        assert e.value.errno == 1030
    assert unloads.text("f") == "1\n"
    unloads.copy("f", "SELECT 2", f"{one} OVERWRITE = TRUE")
    assert unloads.text("f") == "2\n"


def test_a_single_file_has_a_largest_size_and_leaves_nothing_beyond(
    unloads: Unloads, fails: Callable[[str, int, str], None]
) -> None:
    sql = unloads.statement(
        "x",
        rows_of(400_000, "MD5(SEQ4()::VARCHAR) AS H"),
        f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE MAX_FILE_SIZE = 9000000",
    )
    fails(sql, 100145, "Max file size (9000000) exceeded for unload single file mode.")
    assert unloads.uploads() == []


def test_a_large_file_goes_up_in_parts(unloads: Unloads) -> None:
    options = f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE MAX_FILE_SIZE = 100000000"
    encryption = "ENCRYPTION = (TYPE = 'AWS_SSE_S3')"
    query = rows_of(400_000, "MD5(SEQ4()::VARCHAR) AS H")
    assert unloads.copy("x", query, f"{options} {encryption}") == [
        (400_000, 400_000 * 33, 400_000 * 33)
    ]
    found = unloads.s3.head_object(Bucket=unloads.bucket, Key=unloads.prefix + "x")
    assert (found["ContentLength"], found["ServerSideEncryption"]) == (400_000 * 33, "AES256")
    assert found["ETag"].endswith('-2"')


def test_abort_leaves_no_single_object_and_keeps_files_that_are_whole(unloads: Unloads) -> None:
    endless = rows_of(2_000_000_000, "MD5(SEQ4()::VARCHAR) AS H")
    big = f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE MAX_FILE_SIZE = 5000000000"
    unloads.cursor.execute_async(unloads.statement("one", endless, big))
    wait_for(unloads.uploads)
    assert unloads.cursor.abort_query(unloads.cursor.sfqid)
    with pytest.raises(ProgrammingError) as caught:
        unloads.connection.cursor().query_result(unloads.cursor.sfqid)
    assert caught.value.errno == 604
    assert (unloads.names(), unloads.uploads()) == ([], [])
    small = f"FILE_FORMAT = ({PLAIN_CSV}) MAX_FILE_SIZE = 1000000"
    unloads.cursor.execute_async(unloads.statement("many/", endless, small))
    wait_for(unloads.names)
    assert unloads.cursor.abort_query(unloads.cursor.sfqid)
    assert "many/data_0_0_0.csv" in unloads.names()
    assert unloads.uploads() == []


def test_an_abort_during_the_last_request_withdraws_the_object(
    unloads: Unloads, sandbox: Sandbox, tmp_path: Path
) -> None:
    interrupts: list[Callable[[], None]] = []
    access = tuple((name, value) for name, value in sandbox.s3.items() if name != "bucket")
    client(access).meta.events.register("after-call.s3.PutObject", lambda **_: interrupts[0]())
    with engine_in(tmp_path) as engine:
        engine.storage.connect(sandbox.s3)
        sql = unloads.statement("x", "SELECT 1", "SINGLE = TRUE")
        with failing(604):
            session_in(engine).run(sql, on_start=interrupts.append)
    assert unloads.names() == []


def test_a_timeout_ends_an_unload(unloads: Unloads, fails: Callable[[str, int, str], None]) -> None:
    unloads.run("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    query = rows_of(2_000_000_000, "MD5(SEQ4()::VARCHAR) AS H")
    sql = unloads.statement("x", query, "SINGLE = TRUE MAX_FILE_SIZE = 5000000000")
    fails(sql, 630, "Statement reached its statement or warehouse timeout of 1 second(s)")
    unloads.run("ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS")
    assert unloads.uploads() == []


def test_a_kms_key_encrypts_the_object(unloads: Unloads) -> None:
    kms = "ENCRYPTION = (TYPE = 'AWS_SSE_KMS' KMS_KEY_ID = 'alias/ours')"
    unloads.copy("x", "SELECT 1 AS A", f"{PARQUET} {kms}")
    found = unloads.s3.head_object(Bucket=unloads.bucket, Key=unloads.prefix + "x")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "alias/ours")
    with pytest.raises(ProgrammingError, match="ENCRYPTION cannot be specified with a stage"):
        unloads.run(f"COPY INTO @{unloads.stage}/x FROM (SELECT 1) {kms}")


def test_stages_and_inline_keys_are_other_ways_to_the_bucket(
    unloads: Unloads, sandbox: Sandbox
) -> None:
    one = f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE"
    unloads.run(f"COPY INTO @{unloads.stage}/{unloads.prefix}a FROM (SELECT 1) {one}")
    keys = (
        f"CREDENTIALS = (AWS_KEY_ID = '{sandbox.s3['aws_access_key_id']}'"
        f" AWS_SECRET_KEY = '{sandbox.s3['aws_secret_access_key']}')"
    )
    unloads.run(f"COPY INTO '{unloads.url('b')}' FROM (SELECT 2) {keys} {one}")
    unloads.run(
        f"CREATE OR REPLACE STAGE DEMO.PUBLIC.\"my Stage\" URL = '{unloads.url('deep/')}' {keys}"
        " ENCRYPTION = (TYPE = 'AWS_SSE_S3') COMMENT = 'here'"
    )
    unloads.run(f"COPY INTO '@DEMO.PUBLIC.\"my Stage\"/c' {one} FROM (SELECT 3)")
    assert [unloads.text(each) for each in ("a", "b", "deep/c")] == ["1\n", "2\n", "3\n"]
    found = unloads.s3.head_object(Bucket=unloads.bucket, Key=f"{unloads.prefix}deep/c")
    assert found["ServerSideEncryption"] == "AES256"
    shown = unloads.run("SHOW STAGES LIKE 'my%' IN SCHEMA DEMO.PUBLIC")
    assert [row[1:6] for row in shown] == [
        ("my Stage", "DEMO", "PUBLIC", unloads.url("deep/"), "Y")
    ]
    described = unloads.run('DESC STAGE DEMO.PUBLIC."my Stage"')
    assert ("STAGE_LOCATION", "URL", "String", f'["{unloads.url("deep/")}"]', "") in described
    assert sandbox.s3["aws_secret_access_key"] not in str(described)
    unloads.run('DROP STAGE DEMO.PUBLIC."my Stage"')
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        unloads.run('COPY INTO @DEMO.PUBLIC."my Stage"/c FROM (SELECT 3)')


def test_an_integration_is_for_its_locations_only(
    unloads: Unloads, fails: Callable[[str, int, str], None]
) -> None:
    allowed, blocked = unloads.url(""), unloads.url("secret/")
    unloads.run(
        "CREATE OR REPLACE STORAGE INTEGRATION NARROW TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3'"
        " ENABLED = TRUE STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::1:role/x'"
        f" STORAGE_ALLOWED_LOCATIONS = ('{allowed}') STORAGE_BLOCKED_LOCATIONS = ('{blocked}')"
    )
    described = {row[0]: row[2] for row in unloads.run("DESC INTEGRATION NARROW")}
    assert described["STORAGE_ALLOWED_LOCATIONS"] == allowed
    refused = "is not allowed by integration NARROW. Please use DESC INTEGRATION"
    for url in (blocked + "x", allowed.rstrip("/") + "er/x", "s3://other-bucket/x"):
        fails(f"COPY INTO '{url}' FROM (SELECT 1) STORAGE_INTEGRATION = NARROW", 3127, refused)
    unloads.run(
        f"COPY INTO '{allowed}x' FROM (SELECT 1) STORAGE_INTEGRATION = NARROW SINGLE = TRUE"
    )
    assert unloads.names() == ["x"]
    assert "NARROW" in [row[0] for row in unloads.run("SHOW INTEGRATIONS")]
    unloads.run("DROP INTEGRATION NARROW")


def test_a_limited_role_needs_usage_of_the_integration(unloads: Unloads) -> None:
    unloads.run("CREATE ROLE UNLOADER")
    unloads.run("USE ROLE UNLOADER")
    sql = unloads.statement("x", "SELECT 1", "SINGLE = TRUE")
    with pytest.raises(ProgrammingError, match="Integration 'SANDBOX_S3' does not exist or not"):
        unloads.run(sql)
    unloads.run("USE ROLE SYSADMIN")
    unloads.run(f"GRANT USAGE ON INTEGRATION {unloads.integration} TO ROLE UNLOADER")
    unloads.run("USE ROLE UNLOADER")
    assert unloads.run(sql)[0][0] == 1
    unloads.run("USE ROLE SYSADMIN")


@pytest.mark.parametrize(
    ("clause", "code", "message"),
    [
        ("STORAGE_INTEGRATION = NOWHERE", 2003, "Integration 'NOWHERE' does not exist or not auth"),
        ("CREDENTIALS = (AWS_KEY_ID = 'AKIAWRONG' AWS_SECRET_KEY = 'very secret')", 91003,
         "Failure using stage area. Cause: [The AWS Access Key Id you provided does not exist in"
         " our records (Status Code: 403; Error Code: InvalidAccessKeyId)]"),
        ("", 3132, "invalid credentials"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 BOGUS = 1", 1420, "invalid property 'BOGUS' for 'COPY'"),
        ("PARTITION BY ('x') STORAGE_INTEGRATION = SANDBOX_S3", 2, "PARTITION BY"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 SINGLE", 1003, "unexpected '<EOF>'"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 MAX_FILE_SIZE = 5368709121", 1008, "MAX_FILE_SIZE"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 SINGLE = TRUE INCLUDE_QUERY_ID = TRUE", 1009,
         "INCLUDE_QUERY_ID"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 FILE_FORMAT = (TYPE = PARQUET COMPRESSION = ZSTD)", 1008,
         "COMPRESSION"),
    ],
)  # fmt: skip
def test_mistakes_are_told_as_snowflake_tells_them(
    unloads: Unloads, fails: Callable[[str, int, str], None], clause: str, code: int, message: str
) -> None:
    fails(f"COPY INTO '{unloads.url('x')}' FROM (SELECT 1) {clause}", code, message)


def test_an_earlier_result_can_be_unloaded(unloads: Unloads) -> None:
    unloads.run("SELECT column1 AS A, column2 AS \"b\" FROM VALUES (2, 'y'), (1, 'x'), (0, 'z')")
    scan = f"TABLE(RESULT_SCAN('{unloads.cursor.sfqid}'))"
    query = f'SELECT "b", A FROM {scan} WHERE A > 0 ORDER BY A'
    assert unloads.copy("x", query, PARQUET)[0][0] == 2
    assert unloads.parquet("x").to_pylist() == [{"b": "x", "A": 1}, {"b": "y", "A": 2}]


def test_validation_returns_the_rows_and_writes_nothing(unloads: Unloads) -> None:
    assert unloads.copy("x", "SELECT 7 AS A", "VALIDATION_MODE = RETURN_ROWS") == [(7,)]
    assert unloads.names() == []


def test_keys_are_not_told_to_others() -> None:
    sql = "COPY INTO 's3://b' CREDENTIALS=(AWS_KEY_ID='1' aws_secret_key = '2''3' AWS_TOKEN=$$4$$)"
    assert redacted(sql) == (
        "COPY INTO 's3://b' CREDENTIALS=(AWS_KEY_ID='****' aws_secret_key = '****'"
        " AWS_TOKEN='****')"
    )
