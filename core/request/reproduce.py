"""A request written as a shell command, and as a call in Python.

Both are printable ASCII, whatever characters the names contain. A shell treats pasted text as if it
were typed: a tab completes, a line break runs the line, `!` inserts a line of the history, and
outside of UTF-8 the bytes of a letter are commands of the line editor (readline's `convert-meta`).

Neither contains a secret: connections without a name, boto3's options, and the URLs of webhooks are
left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from core.request.lists import format_names
from core.request.request import DEFAULTS, Request
from core.request.sizes import SIZES, StreamLimit, format_size
from core.request.targets import without_secrets
from core.runtime.characters import has_hidden

_NEVER = frozenset({"s3_options"})
# Words in which no shell expands anything. A leading `=` is excluded, because zsh expands it.
_BARE = re.compile(r"[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+:,./=-]*")
# What single quotes preserve. `!` is excluded below: older shells expand it within quotes, too.
_QUOTABLE = re.compile(r"[ -~]*")
_LINE = 88  # the most characters of a Python call on one line


def as_command(request: Request, *, demo: bool = False) -> str:
    """Return the command for bash, zsh or ksh that runs the request: one line.

    A command line cannot express column names that begin or end with a blank, NUL, or a lone
    surrogate. NUL and surrogates are replaced by U+FFFD. The command then ends with an error that
    names the column.

    Args:
        request: the request.
        demo: use the embedded warehouse and bucket.
    """
    words = ["amplify-transfer", "--batch", *(["--demo"] if demo else [])]
    for name, value in list_given(request, demo=demo):
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        else:
            text = str(value) if isinstance(value, str | int) else format_names(_as_names(value))
            # A separate argument must not begin like an option.
            words += [f"{option}={text}"] if text.startswith("-") else [option, text]
    return " ".join(map(_quote_word, words))


def as_python(request: Request) -> str:
    """Return the Python code that runs the request and prints its result."""
    given = dict(list_given(request, demo=False))
    table, bucket = given.pop("table"), given.pop("bucket")
    arguments = [_format_literal(table), _format_literal(bucket)]
    arguments += [f"{name}={_format_literal(value)}" for name, value in given.items()]
    call = f"transfer_data({', '.join(arguments)})"
    if len(call) > _LINE:
        call = "transfer_data(\n" + "".join(f"    {each},\n" for each in arguments) + ")"
    return f"from core import transfer_data\n\nresult = {call}\nprint(result)\n"


def find_hidden_values(request: Request) -> tuple[str, ...]:
    """Return the values in the command or call of `request` that have invisible characters."""
    given = (value for _, value in list_given(request, demo=False))
    texts = (
        each
        for value in given
        for each in ((value,) if isinstance(value, str | int) else _as_names(value))
    )
    return tuple(dict.fromkeys(text for text in map(str, texts) if has_hidden(text)))


def _quote_word(text: str) -> str:
    r"""Return `text` as one word of a shell: bare, in single quotes, or as `$'\033[2J'`."""
    if _BARE.fullmatch(text):
        return text
    if _QUOTABLE.fullmatch(text) and not set(text) & set("'!"):
        return f"'{text}'"
    sent = (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
    return f"$'{''.join(map(_escape_byte, sent.encode()))}'"


def _escape_byte(byte: int) -> str:
    r"""Return a byte within `$'...'`.

    Octal escapes have three digits in every shell, while the number of hexadecimal digits differs.
    """
    plain = 0x20 <= byte < 0x7F and byte not in b"'!\\"
    return chr(byte) if plain else f"\\{byte:03o}"


_Value = str | int | Sequence[str] | Mapping[str, str]


def list_given(request: Request, *, demo: bool) -> Iterator[tuple[str, _Value]]:
    """Yield the name and value of each option that is not at its default, but no secrets.

    Args:
        request: the request.
        demo: leave out how the embedded warehouse and bucket are reached.
    """
    for name, value in request.as_options().items():
        if name in _NEVER or (name in DEFAULTS and value == DEFAULTS[name]):
            continue
        if name == "connection" and (demo or not isinstance(value, str)):
            continue
        if name == "endpoint_url" and demo:
            continue
        if name == "notify" and not (value := without_secrets(value)):
            continue
        if name in SIZES:
            value = format_size(value)
        yield name, str(value) if isinstance(value, StreamLimit) else value


def _as_names(value: Sequence[str] | Mapping[str, str]) -> Sequence[str]:
    """Return the names of a list, or the pairs of a mapping, as a list."""
    if isinstance(value, Mapping):
        return [f"{name}={each}" for name, each in value.items()]
    return value


def _format_literal(value: object) -> str:
    """Return a Python literal in ASCII, with double quotes unless the text contains them."""
    if isinstance(value, str):
        text = ascii(value)
        return text if '"' in value else f'"{text[1:-1]}"'
    if isinstance(value, Mapping):
        pairs = (f"{_format_literal(k)}: {_format_literal(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_format_literal, value))}]"
    return repr(value)
