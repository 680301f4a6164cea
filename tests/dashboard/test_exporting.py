"""Files on their way: parts of one state, progress, sentences instead of files."""

import io
from types import SimpleNamespace

import pytest

from dashboard.connection import AskError, ExportPart
from dashboard.downloads import Downloads
from dashboard.exporting import ATTEMPTS, FileJob, fetch
from dashboard.pool import Lease
from sacmes_core.payloads.questions import ExportQuery


class Analyzer:
    """Gives a file of three parts; its state moves on when told to."""

    def __init__(self):
        self.asked = []
        self.state = 1
        self.forgets_at = ()

    def __call__(self, query, timeout_s):
        self.asked.append((query.part, query.state))
        if len(self.asked) in self.forgets_at:
            self.state += 1
            raise AskError("The file is no longer kept.", "conflict")
        return ExportPart(b"%d-%d " % (self.state, query.part), 3, f"s{self.state}")


def written(analyzer):
    into, heard = io.BytesIO(), []
    fetch(analyzer, ExportQuery(), into, lambda *progress: heard.append(progress))
    return into.getvalue(), heard


def test_later_parts_name_the_state_of_the_first():
    analyzer = Analyzer()
    content, heard = written(analyzer)
    assert content == b"1-1 1-2 1-3 "
    assert analyzer.asked == [(1, ""), (2, "s1"), (3, "s1")]
    assert heard == [(0, 0), (1, 3), (2, 3), (3, 3)]


def test_where_the_state_is_forgotten_all_begins_anew():
    analyzer = Analyzer()
    analyzer.forgets_at = (3,)
    assert written(analyzer)[0] == b"2-1 2-2 2-3 "


def test_a_state_that_is_forgotten_again_and_again_is_told():
    analyzer = Analyzer()
    analyzer.forgets_at = (2, 4, 6)
    with pytest.raises(AskError, match="no longer kept"):
        written(analyzer)
    assert len(analyzer.asked) == 2 * ATTEMPTS


def lease():
    connection = SimpleNamespace(state=SimpleNamespace(link="online"))
    return Lease(SimpleNamespace(release=lambda _: None), connection)


def job(make, downloads=None, hold=None):
    started = FileJob(hold or lease(), "run.csv", "text/csv", make, downloads or Downloads())
    started.start()
    return started.wait(10)


def test_a_file_is_offered_from_its_beginning():
    downloads = Downloads()
    progress = job(lambda into, _heard: into.write(b"content"), downloads)
    assert progress.over
    offer = downloads.take(progress.token)
    assert (offer.file_name, offer.size_bytes) == ("run.csv", 7)
    with offer.content as content:
        assert content.read() == b"content"


def refuse(_into, _heard):
    raise AskError("The session has no frequencies; choose csv.")


def stumble(_into, _heard):
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (refuse, "The session has no frequencies; choose csv."),
        (stumble, "administrator finds the reason"),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_never_a_file(make, sentence):
    progress = job(make)
    assert sentence in progress.problem
    assert progress.token == ""


def test_a_page_that_has_gone_gets_no_file():
    hold = lease()

    def make(_into, heard):
        hold.close()
        heard(1, 2)

    assert job(make, hold=hold).problem == "The export was cancelled."
