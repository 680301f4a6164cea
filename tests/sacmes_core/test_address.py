"""Broker addresses and connection strings: read, written, and never telling the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.address import BrokerAddress, Scheme
from sacmes_core.errors import ConfigError

PEM = "-----BEGIN CERTIFICATE-----\nMIIBdummy+/=\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port"),
    [
        ("mqtt://localhost", "mqtt", "localhost", 1883),
        ("mqtts://broker.example.org", "mqtts", "broker.example.org", 8883),
        ("ws://h/mqtt", "ws", "h", 80),
        ("wss://h:9001/mqtt", "wss", "h", 9001),
        ("sacmes://lab-7:k@h", "mqtts", "h", 8883),
        ("sacmes://lab-7:k@h?tls=off", "mqtt", "h", 1883),
        (" mqtt://[::1]:1884 ", "mqtt", "::1", 1884),
    ],
)
def test_an_address_is_read(text: str, scheme: str, host: str, port: int) -> None:
    address = BrokerAddress.parse(text)
    assert (address.scheme, address.host, address.port) == (scheme, host, port)
    assert address.encrypted == (scheme in ("mqtts", "wss"))


@pytest.mark.parametrize(
    "text",
    ["", "localhost", "localhost:1883", "http://h", "mqtt://", "mqtt://h:port", "mqtt://h:99999",
     "mqtt://[::1", "sacmes://u:secret-key@h?ca=damaged"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        BrokerAddress.parse(text)
    assert "secret-key" not in str(refused.value)


def test_the_key_is_in_no_text_of_an_address() -> None:
    address = BrokerAddress.parse("mqtts://lab-7:secret-key@h")
    assert address.key == "secret-key"
    assert "secret-key" not in f"{address} {address!r}"


@given(
    st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40), st.booleans(), st.booleans()
)
def test_a_connection_string_brings_everything_along(
    username: str, key: str, encrypted: bool, private: bool
) -> None:
    address = BrokerAddress(
        "mqtts" if encrypted else "mqtt", "broker.example.org", 8884, username, key,
        ca_pem=PEM if private else None,
    )  # fmt: skip
    assert BrokerAddress.parse(address.connection_string()) == address


@pytest.mark.parametrize("scheme", ["mqtt", "mqtts", "ws", "wss"])
def test_an_address_for_a_file_keeps_everything_but_the_key(scheme: Scheme) -> None:
    path = "/mqtt" if scheme.startswith("ws") else ""
    address = BrokerAddress(scheme, "h", 8884, "lab-7", "secret-key", path, PEM)
    text = address.without_key()
    assert "secret-key" not in text
    assert BrokerAddress.parse(text).as_user("lab-7", "secret-key") == address
