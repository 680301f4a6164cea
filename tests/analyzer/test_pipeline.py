"""What the sender of a file says of it, beside the bytes."""

from datetime import UTC, datetime

from support.agent import voltammogram
from support.agents import SESSION_ID

from analyzer.messages import source_of
from analyzer.pipeline import Source, analyse
from analyzer.reading import Circumstances
from analyzer.store.uploads import StoredUpload
from sacmes_core.flags import TRUNCATED_SCAN
from sacmes_core.formats.lined import LineReading
from sacmes_core.settings.session import SessionSettings
from sacmes_core.upload import UploadHeader

WHOLE = voltammogram(height_a=1e-6, frequency_hz=15, electrodes=1, peak_v=-0.3)


def test_a_scan_that_its_sender_broke_off_is_flagged_though_it_looks_whole() -> None:
    ((whole,), (broken,)) = analyse(
        [
            Source("SWV_15Hz_1.txt", WHOLE),
            Source("SWV_15Hz_2.txt", WHOLE, Circumstances(complete=False)),
        ],
        SessionSettings(),
    )
    assert whole.scan is not None
    assert broken.scan is not None
    assert TRUNCATED_SCAN not in whole.scan.flags
    assert broken.scan.flags.count(TRUNCATED_SCAN) == 1
    assert broken.analysis is not None


def test_lines_are_read_as_their_sender_says() -> None:
    rows = [f"{-100 - 4 * k};{100 / (1 + ((k - 50) / 10) ** 2) + 1:.4f}" for k in range(101)]
    reading = LineReading(
        "swv",
        {"potential": 1, "current": 2},
        ((2, 102),),
        potential_scale=1e-3,
        current_scale=1e-9,
    )
    header = UploadHeader(
        session_id=SESSION_ID,
        upload_id="0" * 64,
        file="run/SWV_15Hz_1.txt",
        sha256="0" * 64,
        reading=reading.to_text(),
    )
    content = "\n".join(["go", *rows, "done", ""]).encode()
    upload = StoredUpload(1, 1, 1, header, content, datetime(2026, 3, 2, tzinfo=UTC))
    ((numbers,),) = analyse([source_of(upload)], SessionSettings())
    assert numbers.error is None
    assert numbers.scan is not None
    assert (numbers.scan.format, numbers.scan.number) == ("lines", 1)
    assert 50e-9 < (numbers.electrodes[0].peak_current_a or 0.0) < 110e-9
