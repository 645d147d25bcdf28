"""The JSON bodies with which Snowflake answers."""

from __future__ import annotations

import base64
import json
from typing import Any

from core.sandbox.warehouse.model import Failure
from core.sandbox.warehouse.protocol import wire
from core.sandbox.warehouse.protocol.results import Result
from core.sandbox.warehouse.protocol.sessions import MASTER_SECONDS, SESSION_SECONDS, Session
from core.sandbox.warehouse.protocol.statements import FAILED, INSERT_TYPE, Statement
from core.sandbox.warehouse.unload.clauses import redact

Body = dict[str, Any]

IN_PROGRESS = 333333
IN_PROGRESS_ASYNC = 333334
RESULT_NOT_FOUND = Failure(709, "02000", "Statement not found")
SERVER_VERSION = "9.38.0"  # of a Snowflake server; clients only show it
CHUNK_KEY_HEADER = "x-amz-server-side-encryption-customer-key"
_CHUNK_QUERY = (
    "x-amz-server-side-encryption-customer-algorithm=AES256&response-content-encoding=gzip"
)

# Parameters that clients read from the login; the session's own come on top.
_CLIENT_PARAMETERS: Body = {
    "AUTOCOMMIT": True,
    "CLIENT_MEMORY_LIMIT": 1536,
    "CLIENT_PREFETCH_THREADS": 4,
    "CLIENT_RESULT_CHUNK_SIZE": 160,
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3600,
    "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,  # there is no stage: bind values come inline
    "CLIENT_TELEMETRY_ENABLED": False,
    "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT": "ARROW",
    "TIMEZONE": "America/Los_Angeles",  # Snowflake's own default
}


def success(data: Any) -> Body:
    return {"data": data, "code": None, "message": None, "success": True}


def describe_failure(failure: Failure, data: Body | None = None) -> Body:
    """Return the answer for a failure that belongs to no statement (login, token)."""
    return {
        "data": data,
        "code": str(failure.code),
        "message": failure.message,
        "success": False,
        "headers": None,
    }


def login(session: Session, user: str) -> Body:
    work = session.work
    return success(
        {
            "masterToken": session.master_token,
            "token": session.token,
            "validityInSeconds": int(SESSION_SECONDS),
            "masterValidityInSeconds": int(MASTER_SECONDS),
            "displayUserName": user.upper(),
            "serverVersion": SERVER_VERSION,
            "firstLogin": False,
            "remMeToken": None,
            "remMeValidityInSeconds": 0,
            "healthCheckInterval": 45,
            "newClientForUpgrade": None,
            "sessionId": session.id,
            "parameters": _parameters(session),
            "sessionInfo": {
                "databaseName": work.database,
                "schemaName": work.schema,
                "warehouseName": work.warehouse,
                "roleName": work.role,
            },
            "idToken": None,
            "idTokenValidityInSeconds": 0,
            "responseData": None,
            "mfaToken": None,
            "mfaTokenValidityInSeconds": 0,
        }
    )


def describe_renewal(session: Session) -> Body:
    return success(
        {
            "sessionToken": session.token,
            "validityInSecondsST": int(SESSION_SECONDS),
            "masterToken": session.master_token,
            "validityInSecondsMT": int(MASTER_SECONDS),
            "sessionId": session.id,
        }
    )


def in_progress(statement: Statement) -> Body:
    """Return the answer for a running statement: ask again at getResultUrl."""
    return {
        "data": {
            "getResultUrl": f"/queries/{statement.id}/result",
            "queryId": statement.id,
            "queryAbortsAfterSecs": 300,
            "progressDesc": None,
        },
        "code": str(IN_PROGRESS_ASYNC if statement.order.asynchronous else IN_PROGRESS),
        "message": "Asynchronous execution in progress. Use provided query id to perform query "
        "monitoring and management."
        if statement.order.asynchronous
        else f"Query execution in progress. Please use this query id: {statement.id} to check the "
        "status",
        "success": True,
    }


def query_failed(statement: Statement | None, failure: Failure) -> Body:
    data: Body = {
        "internalError": False,
        "errorCode": f"{failure.code:06d}",
        "age": 0,
        "sqlState": failure.sqlstate,
        "queryId": statement.id if statement else None,
        "line": -1,
        "pos": -1,
        "type": "COMPILATION" if failure.sqlstate.startswith("42") else "EXECUTION",
    }
    body = describe_failure(failure, data)
    body["code"] = f"{failure.code:06d}"
    return body


def query(statement: Statement, result: Result, base_url: str) -> Body:
    """Return the answer for a finished statement: its first rows, and the URLs of the others.

    Args:
        base_url: of this server as the client reached it, without a slash at the end.
    """
    work = statement.session.work
    data: Body = {
        "parameters": _parameters(statement.session),
        "rowtype": wire.rowtype(result.columns),
        "total": result.rows,
        "returned": result.rows,
        "queryId": statement.id,
        "databaseProvider": None,
        "finalDatabaseName": work.database,
        "finalSchemaName": work.schema,
        "finalWarehouseName": work.warehouse,
        "finalRoleName": work.role,
        "numberOfBinds": len(statement.order.binds),
        "arrayBindSupported": statement.statement_type == INSERT_TYPE,
        "statementTypeId": statement.statement_type,
        "version": 1,
        "sendResultTime": int(statement.ended * 1000),
        "queryResultFormat": result.format,
        "queryContext": {
            "entries": [
                {"id": 0, "timestamp": int(statement.ended * 1e6), "priority": 0, "context": "CAQ="}
            ]
        },
    }
    if result.format == "arrow":
        data["rowsetBase64"] = base64.b64encode(result.inline).decode()
    else:
        data["rowset"] = json.loads(b"[" + result.inline + b"]")
        if changed := _changed_rows(data):
            data["stats"] = changed
    if result.chunks:
        data["qrmk"] = result.key
        data["chunkHeaders"] = {
            CHUNK_KEY_HEADER: result.key,
            f"{CHUNK_KEY_HEADER}-md5": result.key_digest,
        }
        data["chunks"] = [
            {
                "url": f"{base_url}/chunks/{statement.id}/{index}?{_CHUNK_QUERY}",
                "rowCount": chunk.rows,
                "uncompressedSize": chunk.uncompressed,
                "compressedSize": chunk.compressed,
            }
            for index, chunk in enumerate(result.chunks)
        ]
    return success(data)


def status(statement: Statement | None) -> Body:
    """Return the answer of /monitoring/queries; it has no entry for an unknown id."""
    return success({"queries": [_status(statement)] if statement else []})


def _status(statement: Statement) -> Body:
    failure = statement.failure if statement.state == FAILED else None
    ended = int(statement.ended * 1000)
    started = int(statement.started * 1000)
    return {
        "id": statement.id,
        "status": statement.state,
        "state": "RUNNING" if not ended else "SUCCEEDED",
        "sqlText": redact(statement.order.sql),
        "sessionId": statement.session.id,
        "startTime": started,
        "endTime": ended,
        "totalDuration": max(ended - started, 0) if ended else 0,
        "errorCode": f"{failure.code:06d}" if failure else 0 if not ended else "",
        "errorMessage": failure.message if failure else None,
        "warehouseId": 0,
        "warehouseName": statement.session.work.warehouse,
        "warehouseExternalSize": None,
        "warehouseServerType": None,
    }


def _parameters(session: Session) -> list[Body]:
    merged = _CLIENT_PARAMETERS | session.work.parameters
    return [{"name": name, "value": value} for name, value in sorted(merged.items())]


_CHANGES = {
    "number of rows inserted": "numRowsInserted",
    "number of rows deleted": "numRowsDeleted",
    "number of rows updated": "numRowsUpdated",
    "number of multi-joined rows updated": "numDmlDuplicates",
}


def _changed_rows(data: Body) -> Body | None:
    """Return the counts of an INSERT, UPDATE, DELETE or MERGE, from its one row; else None.

    All four are there, whatever the statement (recorded).
    """
    names = [column["name"] for column in data["rowtype"]]
    if len(data["rowset"]) != 1 or not set(names) <= _CHANGES.keys():
        return None
    changed = dict.fromkeys(_CHANGES.values(), 0)
    for name, count in zip(names, data["rowset"][0], strict=True):
        changed[_CHANGES[name]] = int(count)
    return changed
