"""A dashboard for the browser, and pages in it."""

from urllib.request import urlopen

import pytest
from support.programs import running
from support.tools import wait_until

from dashboard.demo_broker import free_port

SIZE = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def dashboard(broker, tmp_path_factory):
    home, port = tmp_path_factory.mktemp("dashboard"), free_port()
    arguments = ("--broker", broker.url(), "--port", str(port), "--home", home)
    with running("sacmes-dashboard", *arguments, log=home / "log"):
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{url}/healthz"), timeout=60, what="the dashboard")
        yield url


def answers(address):
    """Whether a server says that it is ready."""
    try:
        return urlopen(address, timeout=10).status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def shared_context(browser):
    """One browser of one person, for tests that need not be apart."""
    # What only moves costs a browser that draws in software most of its time.
    context = browser.new_context(viewport=SIZE, accept_downloads=True, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def open_page(browser, dashboard):
    """Pages each in a browser of its own, with nothing in its stores."""
    from support.browsing import Viewer

    contexts = []

    def open_(**options):
        context = browser.new_context(viewport=SIZE, accept_downloads=True, **options)
        contexts.append(context)
        return Viewer(context.new_page(), dashboard)

    yield open_
    for context in contexts:
        context.close()
