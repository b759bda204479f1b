"""Where ML Metadata keeps the lineage: a URL as people write it, taken apart and checked. No password is ever part of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

#: Scheme -> kind of database. ML Metadata knows these two; SQLite is what a workspace has without a URL.
KINDS = {"postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql"}
#: Kind -> its usual port.
PORTS = {"postgresql": 5432, "mysql": 3306}
#: Kind -> what may follow ``?``: name in the URL -> name in ML Metadata's options for encrypted connections.
TLS = {
    "postgresql": {"sslmode": "sslmode", "sslrootcert": "sslrootcert", "sslcert": "sslcert", "sslkey": "sslkey"},
    "mysql": {"ssl_ca": "ca", "ssl_cert": "cert", "ssl_key": "key"},
}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET = re.compile(r"(://[^:@/\s]*:)(?!\$\{[A-Za-z_][A-Za-z0-9_]*\}@)[^@\s]*@")
FORM = "postgresql://USER:${VARIABLE}@HOST[:PORT]/DATABASE or mysql://USER:${VARIABLE}@HOST[:PORT]/DATABASE"


@dataclass(frozen=True)
class Database:
    """A database of ML Metadata.

    Attributes:
        kind: ``postgresql`` or ``mysql``.
        password_variable: environment variable that holds the password; None to connect without one.
        tls: options of an encrypted connection, under ML Metadata's names.
    """

    kind: str
    host: str
    port: int
    user: str
    name: str
    password_variable: str | None = None
    tls: dict[str, str] = field(default_factory=dict)

    def password(self, environment: Mapping[str, str] = os.environ) -> str:
        """The password, read where it is used.

        Raises:
            KeyError: when the variable is not set.
        """
        return "" if self.password_variable is None else environment[self.password_variable]


def redact(text: str) -> str:
    """The text without passwords in URLs; names of variables stay."""
    return _SECRET.sub(r"\1***@", text)


def parse_database(url: str) -> Database:
    """Takes a URL apart.

    Raises:
        ValueError: with the rule and what to do; never with the password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"must be a URL like {FORM}") from None
    kind = KINDS.get(parts.scheme)
    name = unquote(parts.path.lstrip("/"))
    if kind is None or not parts.hostname or not parts.username or not name or "/" in name:
        raise ValueError(f"must be a URL like {FORM}")
    unknown = [k for k, _ in parse_qsl(parts.query, keep_blank_values=True) if k not in TLS[kind]]
    if unknown:
        raise ValueError(f"unknown option {unknown[0]!r} of {kind}; known: {', '.join(TLS[kind])}")
    return Database(
        kind=kind,
        host=parts.hostname,
        port=port or PORTS[kind],
        user=unquote(parts.username),
        name=name,
        password_variable=_variable(parts.password),
        tls={TLS[kind][k]: v for k, v in parse_qsl(parts.query)},
    )


def _variable(password: str | None) -> str | None:
    if password is None:
        return None
    match = _VARIABLE.fullmatch(password)
    if match is None:
        raise ValueError(
            "holds a password, and the configuration is kept with every run; write ${NAME} in its place, and put the password into the "
            "environment variable NAME"
        )
    return match.group(1)


def checked_url(url: str) -> str:
    """The URL as written, when it can be used (a pydantic validator)."""
    parse_database(url)
    return url
