"""The command: what it says, how it is asked about its health, how it ends."""

import json
import signal
import urllib.error
import urllib.request

import pytest
import streamlit as st
from support.programs import run, running
from support.tools import wait_until

from dashboard import asgi
from dashboard.demo_broker import free_port


def answer(port, path):
    """Status and body of a request, None while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return None


def test_health_follows_the_broker_and_sigterm_ends_cleanly(own_broker, tmp_path):
    port, log = free_port(), tmp_path / "log"
    arguments = ("--broker", own_broker.url(), "--port", str(port), "--home", tmp_path)
    with running("sacmes-dashboard", *arguments, log=log) as process:
        status, body = wait_until(lambda: answer(port, "/healthz"), timeout=30, what="the server")
        assert (status, json.loads(body)["status"]) == (200, "ok")
        status, library = answer(port, "/assets/plotly.min.js")
        assert status == 200
        assert b"plotly.js" in library[:200]
        own_broker.stop()
        status, body = answer(port, "/healthz")
        assert (status, json.loads(body)["broker"]) == (503, "away")
        own_broker.start()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    said = log.read_text("utf-8")
    assert f"http://127.0.0.1:{port}" in said
    assert "Traceback" not in said


def test_ctrl_c_ends_without_a_traceback(broker, tmp_path):
    port, log = free_port(), tmp_path / "log"
    arguments = ("--broker", broker.url(), "--port", str(port), "--home", tmp_path)
    with running("sacmes-dashboard", *arguments, log=log) as process:
        wait_until(lambda: answer(port, "/healthz"), timeout=30, what="the server")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
    assert "Traceback" not in log.read_text("utf-8")


def test_a_key_in_the_brokers_address_is_not_used_and_not_said(broker, tmp_path):
    port, log = free_port(), tmp_path / "log"
    url = broker.url("alice")
    arguments = ("--broker", url, "--port", str(port), "--home", tmp_path, "--log-level", "debug")
    with running("sacmes-dashboard", *arguments, log=log):
        wait_until(lambda: answer(port, "/healthz"), timeout=30, what="the server")
    assert broker.keys["alice"] not in log.read_text("utf-8")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version(option):
    said = run("sacmes-dashboard", option)
    assert said.returncode == 0
    assert "sacmes" in said.stdout


def test_no_broker_is_bad_usage(tmp_path):
    said = run("sacmes-dashboard", "--home", tmp_path)
    assert said.returncode == 2
    assert "--broker" in said.stderr


def test_options_of_streamlit_that_the_live_page_needs_are_still_there():
    for name in asgi.CONFIG:
        st.get_option(name)
