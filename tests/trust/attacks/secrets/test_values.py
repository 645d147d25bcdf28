"""Values of connections whose type or place hides that they are secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.connections import discovery
from core.connections.secrets import RefusedSecret, hide
from core.errors import UsageError
from core.warehouse.connect import connect
from tests.trust.attacks.secrets.marker import HUSH, write


class TestValuesOfConnections:
    """What is secret is hidden whatever its type, and however deep."""

    @pytest.mark.parametrize("text", ["12345678", "1234.5678", "true", '["hush-marker"]', "0"])
    def test_a_secret_that_is_not_text(self, home: Path, text: str) -> None:
        content = f'[dev]\naccount = "a"\nuser = "u"\npassword = {text}\n'
        write(home / ".snowflake" / "connections.toml", content)
        shown = repr(discovery.list_connections())
        assert f"'password': {text}" not in shown
        assert HUSH not in shown
        with pytest.raises(UsageError, match="password must be text") as caught:
            connect("dev", query_tag="a test")
        assert "in quotes" in caught.value.hint

    def test_a_number_as_an_argument(self) -> None:
        arguments = {"account": "a", "user": "u", "password": 12345678}
        with pytest.raises(UsageError, match="password must be text") as caught:
            connect(arguments, query_tag="a test")
        assert "12345678" not in f"{caught.value} {caught.value.__cause__}"

    NESTED = f'[connections.a]\nuser = "u"\npassword = "{HUSH}"\n'

    def test_a_connection_nested_by_mistake(self, home: Path) -> None:
        write(home / ".snowflake" / "connections.toml", self.NESTED)
        assert discovery.list_connections() == {}
        for name in ("a", None):
            with pytest.raises(UsageError, match="connection") as caught:
                discovery.resolve(name)
            assert "a connection is [name], not [connections.name]: a" in caught.value.hint
            assert HUSH not in str(caught.value)

    @pytest.mark.parametrize(
        "text",
        [
            f'[connections]\nuser = "u"\n{NESTED}',
            f'[a]\nuser = "u"\n[a.b.c]\nPASSWORD = "{HUSH}"\n',
            f'[[a.b]]\ntoken = "{HUSH}"\n[a.d]\nx = [{{ passcode = "{HUSH}" }}]\n',
            f'[a]\npasswd = "{HUSH}"\n"db-pwd" = "{HUSH}"\nPrivateKeyBase64 = "{HUSH}"\n',
        ],
    )
    def test_whatever_is_nested_is_hidden(self, home: Path, text: str) -> None:
        write(home / ".snowflake" / "connections.toml", text)
        found = discovery.list_connections()
        assert found
        assert HUSH not in repr(found)
        assert "**********" in repr(found)

    def test_what_is_hidden_reaches_the_connector(self) -> None:
        given = {"a": ({"token": "t"}, ["x"]), "private_key": b"der"}
        assert "'t'" not in repr(hide("top", given))
        from core.connections.secrets import reveal

        assert reveal(hide("top", given)) == given
        assert isinstance(hide("password", 5), RefusedSecret)
