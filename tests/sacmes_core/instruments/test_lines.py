"""Instruments that print lines: their descriptions, and what is made of what they print."""

from pathlib import Path

import pytest
from support.dialogue import Dialogue
from support.tools import ROOT

from sacmes_core.errors import ConfigError
from sacmes_core.flags import LINES_LOST
from sacmes_core.formats.reading import read
from sacmes_core.instruments.driver import LOST, NEVER, Abort, Begin, CellOff, Closed, Opened
from sacmes_core.instruments.lines.description import Description, read_description
from sacmes_core.instruments.lines.driver import Lines
from sacmes_core.instruments.orders import Order
from sacmes_core.settings.method import MethodSettings

SHIPPED = ROOT / "agent" / "descriptions"
ORDER = Order("swv", MethodSettings(), number=2, frequency_hz=10.0)
KICKSTAT = "".join(f"{-0.2 - 0.001 * k:.3f},{-0.15 - 0.01 * k:.4f}\r\n" for k in range(40))


def description(name: str) -> Description:
    return read_description((SHIPPED / f"{name}.toml").read_text("utf-8"))


def own(text: str) -> Description:
    return read_description('name = "mine"\n' + text)


def measuring(one: Description, chunk: int = 4096) -> Dialogue:
    dialogue = Dialogue(Lines(one), chunk=chunk)
    dialogue.tell(Opened())
    assert not dialogue.is_ready()
    dialogue.wait(one.reset_s)
    assert dialogue.is_ready()
    dialogue.written()
    dialogue.tell(Begin(ORDER))
    return dialogue


@pytest.mark.parametrize("chunk", [1, 3, 4096])
def test_a_kickstat_is_started_and_its_scan_is_read(chunk: int) -> None:
    dialogue = measuring(description("kickstat"), chunk)
    assert dialogue.written() == b"s"
    said = f"Voltage,Current\r\n{KICKSTAT}Ep: -0.22\r\nReady!\r\n"
    dialogue.hear(said)
    finished = dialogue.finished()
    assert (finished.complete, finished.reason) == (True, None)
    assert dialogue.recorded == said.encode()
    (scan,) = read(dialogue.recorded, name=f"{ORDER.name}.txt", described=finished.reading)
    assert (scan.format, scan.technique, scan.points) == ("lines", "swv", 40)
    assert (scan.number, scan.frequency_hz, scan.flags) == (2, 10.0, ())
    assert scan.curves[0].current_a[0] == -0.15e-6
    assert scan.curves[0].potential_v[-1] == -0.239


def test_the_samples_are_read_by_the_shipped_descriptions(samples: Path) -> None:
    for name, technique in (("kickstat", "V"), ("acestat", "mV")):
        one = description(name).model_copy(update={"reset_s": 0.0})
        without = one.start.model_copy(update={"dialogue": ()})
        dialogue = measuring(one.model_copy(update={"start": without}))
        content = (samples / "line_csv_stream" / f"F5Hz_M5_E4_{name}_style.txt").read_bytes()
        dialogue.hear(content)
        dialogue.wait(0.5)
        finished = dialogue.finished()
        assert dialogue.recorded == content
        assert finished.complete, technique
        (scan,) = read(dialogue.recorded, described=finished.reading)
        assert scan.points == 300
        assert scan.curves[0].potential_v[0] == -0.201
        assert scan.curves[0].current_a[0] == pytest.approx(-1.487e-7)


def test_prompts_without_a_lines_end_are_answered_in_turn() -> None:
    dialogue = measuring(description("acestat"), chunk=1)
    assert dialogue.written() == b"S\r\n"
    sent = []
    for prompt in ("[:SVI]", "[:SVF]", "[:SVS]", "[:SVA]", "[:SVQ]"):
        dialogue.hear(prompt)
        sent.append(dialogue.written())
    assert sent == [b"-00100\r\n", b"-00500\r\n", b"0001\r\n", b"0025\r\n", b"0010\r\n"]
    rows = "".join(f"{-201 - k}.0000,{-0.1 - 0.01 * k:.4f}\r\n" for k in range(30))
    dialogue.hear(f"\r\n[START:SWV][RANGE:-201,-500][RGAIN:10000][RESULTS:\r\n{rows}][END:SWV]\r\n")
    finished = dialogue.finished()
    (scan,) = read(dialogue.recorded, described=finished.reading)
    assert (scan.points, scan.curves[0].potential_v[0]) == (30, -0.201)


@pytest.mark.parametrize("chunk", [1, 4096])
def test_an_end_without_its_lines_end_is_waited_for_and_recorded(chunk: int) -> None:
    one = description("acestat")
    dialogue = measuring(
        one.model_copy(update={"start": one.start.model_copy(update={"dialogue": ()})}), chunk
    )
    rows = "".join(f"{-201 - k}.0000,{-0.1 - 0.01 * k:.4f}\r\n" for k in range(30))
    said = f"[START:SWV][RANGE:-201,-500][RGAIN:10000][RESULTS:\r\n{rows}][END:SWV]"
    dialogue.hear(said)
    dialogue.wait()
    assert dialogue.finished().complete
    assert dialogue.recorded == said.encode()
    dialogue.tell(Begin(ORDER))
    dialogue.hear("\r\n")
    assert dialogue.recorded == said.encode() + b"\r\n"


@pytest.mark.parametrize(
    ("eol", "end"),
    [
        ("\\n", "\n"),
        ("\\n", "\r\n"),
        ("\\n", "\r\r\n"),
        ("\\n", "\n\r"),
        ("\\r", "\r"),
        ("\\r\\n", "\r\n"),
    ],
)
def test_every_end_of_a_line_keeps_the_numbers_of_the_lines(eol: str, end: str) -> None:
    one = own(
        f"""
        eol = "{eol}"
        reset_s = 0
        [start]
        line = '^GO'
        [data]
        line = '^(?P<E>[^ ]+) (?P<I>[^ ]+)$'
        [end]
        line = '^END'
        """
    )
    dialogue = measuring(one, chunk=3)
    rows = end.join(f"{k / 100} {k}e-9" for k in range(20))
    dialogue.hear(f"GO{end}{rows}{end}END{end}")
    finished = dialogue.finished()
    assert finished.complete
    (scan,) = read(dialogue.recorded, described=finished.reading)
    assert scan.points == 20
    assert scan.flags == ()
    assert scan.curves[0].current_a[-1] == pytest.approx(19e-9)


def test_a_line_that_only_began_like_the_end_is_no_silence() -> None:
    one = own(
        """
        reset_s = 0
        [start]
        send = "s"
        [data]
        line = '^(?P<E>\\S+) (?P<I>\\S+)$'
        [end]
        line = '^0$'
        """
    )
    dialogue = measuring(one)
    dialogue.hear("0")
    dialogue.hear(".1 ")
    dialogue.wait(1)
    dialogue.hear("5e-9\n0\n")
    assert dialogue.finished().complete


def test_words_between_the_numbers_are_no_hindrance() -> None:
    one = own(
        """
        reset_s = 0
        [start]
        send = "go {frequency_hz:g}\\n"
        [data]
        line = '^E1=(?P<E>\\S+)mV fwd=(?P<If>\\S+) rev=(?P<Ir>\\S+) ch(?P<ch>\\d)'
        potential_unit = "mV"
        current_unit = "nA"
        [end]
        idle_s = 2
        """
    )
    dialogue = measuring(one)
    assert dialogue.written() == b"go 10\n"
    dialogue.hear("".join(f"E1={-100 - k}mV fwd={5 + k}e1 rev=-2.5 ch3\n" for k in range(20)))
    dialogue.wait(2)
    (scan,) = read(dialogue.recorded, described=dialogue.finished().reading)
    assert (scan.electrodes, scan.points) == ((3,), 20)
    assert scan.curves[0].potential_v[1] == -0.101


def test_a_channel_and_two_currents_make_three_curves() -> None:
    one = own(
        """
        reset_s = 0
        [data]
        line = '^E=(?P<E>\\S+) fwd=(?P<If>\\S+) rev=(?P<Ir>\\S+) ch=(?P<ch>\\d)$'
        current_unit = "nA"
        [end]
        idle_s = 2
        """
    )
    dialogue = measuring(one)
    dialogue.hear("".join(f"E={-0.1 - k / 1000} fwd={50 + k} rev=-2.5 ch=3\n" for k in range(20)))
    dialogue.wait(2)
    finished = dialogue.finished()
    assert finished.complete
    (scan,) = read(dialogue.recorded, described=finished.reading)
    assert scan.electrodes == (3,)
    difference = scan.curve(3, "difference")
    assert difference is not None
    assert difference.current_a[0] == pytest.approx(52.5e-9)


def test_few_bad_lines_are_left_out_and_many_are_flagged() -> None:
    for bad, flags in ((1, ()), (5, (LINES_LOST,))):
        dialogue = measuring(description("kickstat"))
        rows = KICKSTAT.splitlines(keepends=True)
        broken = [row if k % 8 or k // 8 >= bad else "#\x80-0.3;\r\n" for k, row in enumerate(rows)]
        dialogue.hear(("Voltage,Current\r\n" + "".join(broken) + "Ready!\r\n").encode("latin-1"))
        finished = dialogue.finished()
        assert finished.complete
        assert (finished.reason is None) == (flags == ())
        (scan,) = read(dialogue.recorded, described=finished.reading)
        assert (scan.points, scan.flags) == (40 - bad, flags)


def test_a_line_of_more_than_four_kilobytes_is_no_line() -> None:
    dialogue = measuring(description("kickstat"), chunk=1000)
    said = "Voltage,Current\r\n" + "-0.2,1" * 2000 + "\r\n" + KICKSTAT + "Ready!\r\n"
    dialogue.hear(said)
    finished = dialogue.finished()
    assert dialogue.recorded == said.encode()
    (scan,) = read(dialogue.recorded, described=finished.reading)
    assert scan.points == 40


def test_a_start_in_the_middle_of_a_scan_ends_it() -> None:
    dialogue = measuring(description("kickstat"))
    dialogue.hear(f"Voltage,Current\r\n{KICKSTAT}Voltage,Current\r\n")
    assert "began anew" in str(dialogue.finished().reason)


def test_an_instrument_that_starts_itself_gives_one_scan_after_the_other() -> None:
    one = own(
        """
        reset_s = 0
        [start]
        line = '^BEGIN'
        [data]
        line = '^(?P<E>\\S+) (?P<I>\\S+)$'
        [end]
        line = '^END'
        """
    )
    dialogue = measuring(one)
    assert dialogue.conversation.due_at == NEVER
    rows = "".join(f"{k / 100} {k}e-9\n" for k in range(20))
    dialogue.hear(f"BEGIN\n{rows}END\nBEGIN\n")
    assert dialogue.finished().complete
    dialogue.recorded = b""
    dialogue.tell(Begin(ORDER))
    dialogue.hear(f"{rows}END\n")
    assert dialogue.finished().complete
    assert dialogue.recorded == f"BEGIN\n{rows}END\n".encode()


def test_an_abort_sends_the_stop_and_the_cell_is_off() -> None:
    dialogue = measuring(description("arduino"))
    assert dialogue.written() == b"SWV -100 -500 1 25 10\n"
    dialogue.hear("START\n-100 1\n-101 2\n")
    dialogue.tell(Abort("stop"))
    assert dialogue.written() == b"x\n"
    assert dialogue.take(CellOff)
    assert dialogue.finished().reason == "stop"


def test_an_instrument_that_cannot_be_stopped_is_waited_for() -> None:
    dialogue = measuring(description("kickstat"))
    dialogue.hear("Voltage,Current\r\n-0.201,1\r\n")
    dialogue.tell(Abort("stop"))
    assert not dialogue.finished().complete
    assert not dialogue.is_ready()
    dialogue.hear("-0.202,1\r\nReady!\r\n")
    dialogue.wait()
    assert dialogue.is_ready()


def test_an_instrument_that_does_not_begin_is_not_waited_for_for_ever() -> None:
    dialogue = measuring(description("kickstat"))
    dialogue.wait()
    assert "did not begin" in str(dialogue.finished().reason)
    assert "did not begin" in dialogue.failure()


def test_a_lost_line_ends_the_scan() -> None:
    dialogue = measuring(description("kickstat"))
    dialogue.hear(f"Voltage,Current\r\n{KICKSTAT}-0.3,")
    dialogue.tell(Closed())
    finished = dialogue.finished()
    assert finished.reason == LOST
    assert dialogue.recorded.endswith(b"-0.3,")
    (scan,) = read(dialogue.recorded, described=finished.reading)
    assert scan.points == 40


def test_what_it_cannot_do_is_refused() -> None:
    kickstat = Lines(description("kickstat"))
    assert kickstat.refusal([ORDER]) is None
    other = Order("swv", MethodSettings(), frequency_hz=200.0)
    assert "cannot be told a frequency" in str(kickstat.refusal([ORDER, other]))
    assert Lines(description("arduino")).refusal([ORDER, other]) is None
    assert "measures swv" in str(kickstat.refusal([Order("cv", MethodSettings())]))
    channel = Order("swv", MethodSettings(), frequency_hz=10.0, electrode=2)
    assert "no multiplexer" in str(kickstat.refusal([channel]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[data]\nline = '(?P<I>'\n[end]\nidle_s=1", "regular expression"),
        ("[data]\nline = '(.*)'\n[end]\nidle_s=1", "for the current"),
        ("[data]\nline = '(?P<I>x)(?P<U>y)'\n[end]\nidle_s=1", "not U"),
        ("[data]\nline = '(?P<I>x)'\n[end]", "never be finished|ever be finished"),
        ("[data]\nline = '(?P<I>x)'\ncurrent_unit='mm'\n[end]\nidle_s=1", "none of"),
        ("[data]\nline = '(?P<I>x)'\n[end]\nidle_s=1\nidel_s=2", "idel_s"),
        ("[start]\nsend='{volts}'\n[data]\nline = '(?P<I>x)'\n[end]\nidle_s=1", "start_mv"),
        ("[data", "no TOML"),
    ],
)
def test_a_wrong_description_is_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        own(text)
