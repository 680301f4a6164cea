"""Files behind tokens: once, not for long, and only while their page is there."""

import io
from types import SimpleNamespace

import pytest

from dashboard.downloads import TOKEN_S, WAITING_MAX, Downloads, Offer, chunks, headers
from dashboard.pool import Lease


class Page:
    """A page's hold on a connection that the broker lets in until it does not."""

    def __init__(self):
        self.connection = SimpleNamespace(state=SimpleNamespace(link="online"))
        self.lease = Lease(SimpleNamespace(release=lambda _: None), self.connection)

    def offer(self, content=b"a,b\n", name="run.csv"):
        return Offer(self.lease, name, "text/csv", io.BytesIO(content), len(content))


@pytest.fixture
def page():
    return Page()


def test_a_token_holds_once(page):
    downloads = Downloads()
    offer = page.offer()
    token = downloads.put(offer)
    assert len(token) > 40
    assert downloads.put(page.offer()) != token
    assert downloads.take(token) is offer
    assert downloads.take(token) is None
    assert downloads.take("guessed") is None


def test_a_token_does_not_hold_for_long(page):
    now = 0.0
    downloads = Downloads(lambda: now)
    offer = page.offer()
    token = downloads.put(offer)
    now = TOKEN_S + 0.1
    assert downloads.take(token) is None
    assert offer.content.closed


@pytest.mark.parametrize("end", ["closed", "refused"])
def test_a_token_ends_with_the_hold_of_its_page(page, end):
    downloads = Downloads()
    token = downloads.put(page.offer())
    if end == "closed":
        page.lease.close()
    else:
        page.connection.state.link = "refused"
    assert downloads.take(token) is None


def test_only_so_many_files_wait(page):
    downloads = Downloads()
    tokens = [downloads.put(page.offer()) for _ in range(WAITING_MAX + 1)]
    assert downloads.take(tokens[0]) is None
    assert downloads.take(tokens[1]) is not None


def test_a_name_from_outside_cannot_break_out_of_the_header(page):
    said = headers(page.offer(name='Ä "x";\r\nSet-Cookie: a.csv'))
    assert said["Content-Disposition"].startswith('attachment; filename="___x')
    assert "\n" not in said["Content-Disposition"]
    assert said["Cache-Control"] == "no-store"
    assert said["Content-Length"] == "4"


def test_the_content_comes_whole_and_is_closed(page):
    offer = page.offer(b"x" * 1_000_000)
    assert b"".join(chunks(offer)) == b"x" * 1_000_000
    assert offer.content.closed
