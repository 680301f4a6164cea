"""Where the broker is and who asks: URLs and connection strings."""

import base64
import binascii
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Self, cast
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from sacmes_core.errors import ConfigError

Scheme = Literal["mqtt", "mqtts", "ws", "wss"]

_PORTS: Final[dict[str, int]] = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443, "sacmes": 8883}
_EXAMPLE: Final = "for example mqtts://lab-7:key@broker.example.org:8883"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """A broker with the credentials to use there; the key is kept out of every text of it.

    Attributes
    ----------
    scheme
        mqtt, mqtts, ws or wss; the ones with s are encrypted.
    path
        Path of the websocket; empty for the others.
    ca_pem
        Certificate of a private authority; None for the public ones.
    """

    scheme: Scheme
    host: str
    port: int
    username: str | None = None
    key: str | None = field(default=None, repr=False)
    path: str = ""
    ca_pem: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a broker URL or a connection string.

        Raises
        ------
        ConfigError
            With a sentence that shows the form; the text itself is not repeated, since it may
            hold a key.
        """
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            raise ConfigError(f"This is not the address of a broker; {_EXAMPLE}.") from None
        if parts.scheme not in _PORTS:
            raise ConfigError(
                "The address of a broker starts with mqtt://, mqtts://, ws://, wss:// or "
                f"sacmes://; {_EXAMPLE}."
            )
        if not parts.hostname:
            raise ConfigError(f"The address of the broker names no host; {_EXAMPLE}.")
        options = parse_qs(parts.query)
        scheme = "mqtts" if parts.scheme == "sacmes" else parts.scheme
        if parts.scheme == "sacmes" and options.get("tls") == ["off"]:
            scheme = "mqtt"
        return cls(
            scheme=cast(Scheme, scheme),
            host=parts.hostname,
            port=port or (1883 if scheme == "mqtt" else _PORTS[parts.scheme]),
            username=unquote(parts.username) if parts.username else None,
            key=unquote(parts.password) if parts.password else None,
            path=parts.path if scheme in ("ws", "wss") else "",
            ca_pem=_pem(options["ca"][0]) if "ca" in options else None,
        )

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.scheme in ("mqtts", "wss")

    def as_user(self, username: str, key: str | None) -> Self:
        """The same broker with other credentials."""
        return replace(self, username=username, key=key)

    def connection_string(self) -> str:
        """The text to hand out: user_id, key, broker and private authority in one line."""
        login = f"{quote(self.username or '', safe='')}:{quote(self.key or '', safe='')}"
        options = {} if self.encrypted else {"tls": "off"}
        if self.ca_pem:
            options["ca"] = _encoded(self.ca_pem)
        query = f"?{urlencode(options)}" if options else ""
        return f"sacmes://{login}@{self._netloc()}{query}"

    def without_key(self) -> str:
        """The address as a URL with its username and private authority, for a file of settings."""
        login = f"{quote(self.username, safe='')}@" if self.username else ""
        query = f"?ca={_encoded(self.ca_pem)}" if self.ca_pem else ""
        return f"{self.scheme}://{login}{self._netloc()}{self.path}{query}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self._netloc()}{self.path}"

    def _netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _encoded(pem: str) -> str:
    return base64.urlsafe_b64encode(pem.encode()).decode().rstrip("=")


def _pem(encoded: str) -> str:
    try:
        pem = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pem = ""
    if "-----BEGIN CERTIFICATE-----" not in pem:
        raise ConfigError(
            "The certificate in the connection string is damaged; copy the whole line again."
        )
    return pem
