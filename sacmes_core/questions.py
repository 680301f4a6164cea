"""Questions and their answers over MQTT 5: response topic, correlation data, problem documents.

The analyzer and the agent may write more than whoever asks, so an answer goes only to the reply
tree of the user in the question's own topic; anything else is refused and counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import quote

from pydantic_core import from_json

from sacmes_core.errors import ProtocolError
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.alerts import AcknowledgeRequest, AlertsQuery, AlertsReply
from sacmes_core.payloads.calibration import CalibrateRequest, CalibrationQuery, CalibrationReply
from sacmes_core.payloads.common import SCHEMA, Payload
from sacmes_core.payloads.marks import MarkRequest, MarksQuery, MarksReply, UnmarkRequest
from sacmes_core.payloads.preview import PreviewQuery, PreviewReply
from sacmes_core.payloads.questions import (
    DeleteRequest,
    ExportQuery,
    HistoryQuery,
    ListQuery,
    MeasureRequest,
    RenameRequest,
    RevisionsQuery,
    ScanQuery,
    SessionsQuery,
    SettingsRequest,
    StartRequest,
    StopRequest,
    TrialQuery,
    UndeleteRequest,
)
from sacmes_core.payloads.rates import RatesQuery, RatesReply
from sacmes_core.payloads.replies import (
    HistoryReply,
    ListReply,
    MeasureReply,
    Problem,
    RevisionsReply,
    ScanReply,
    SessionReply,
    SessionsReply,
)
from sacmes_core.protocol import (
    AGENT_QUERY,
    AGENT_REQUEST,
    JSON_TYPE,
    PROBLEM_TYPE,
    QUERY,
    QUESTION_EXPIRY_S,
    REPLY,
    REQUEST,
    Channel,
    decode,
    encode,
    parse_topic,
)


@dataclass(frozen=True, slots=True)
class Question:
    """One verb of a question channel with the models of what is asked and answered.

    `reply` is None where the answer is a file's bytes.
    """

    channel: Channel
    verb: str
    payload: type[Payload]
    reply: type[Payload] | None


SESSIONS: Final = Question(QUERY, "sessions", SessionsQuery, SessionsReply)
HISTORY: Final = Question(QUERY, "history", HistoryQuery, HistoryReply)
REVISIONS: Final = Question(QUERY, "revisions", RevisionsQuery, RevisionsReply)
SCAN: Final = Question(QUERY, "scan", ScanQuery, ScanReply)
TRIAL: Final = Question(QUERY, "preview", TrialQuery, ScanReply)
EXPORT: Final = Question(QUERY, "export", ExportQuery, None)
MARKS: Final = Question(QUERY, "marks", MarksQuery, MarksReply)
CALIBRATION: Final = Question(QUERY, "calibration", CalibrationQuery, CalibrationReply)
ALERT_LIST: Final = Question(QUERY, "alerts", AlertsQuery, AlertsReply)
RATES: Final = Question(QUERY, "rates", RatesQuery, RatesReply)
START: Final = Question(REQUEST, "start", StartRequest, SessionReply)
STOP: Final = Question(REQUEST, "stop", StopRequest, SessionReply)
CHANGE_SETTINGS: Final = Question(REQUEST, "settings", SettingsRequest, SessionReply)
MARK: Final = Question(REQUEST, "mark", MarkRequest, MarksReply)
UNMARK: Final = Question(REQUEST, "unmark", UnmarkRequest, MarksReply)
RENAME: Final = Question(REQUEST, "rename", RenameRequest, SessionReply)
DELETE: Final = Question(REQUEST, "delete", DeleteRequest, SessionReply)
UNDELETE: Final = Question(REQUEST, "undelete", UndeleteRequest, SessionReply)
CALIBRATE: Final = Question(REQUEST, "calibrate", CalibrateRequest, CalibrationReply)
ACKNOWLEDGE: Final = Question(REQUEST, "acknowledge", AcknowledgeRequest, AlertsReply)
LIST: Final = Question(AGENT_QUERY, "list", ListQuery, ListReply)
PREVIEW: Final = Question(AGENT_QUERY, "preview", PreviewQuery, PreviewReply)
MEASURE: Final = Question(AGENT_REQUEST, "measure", MeasureRequest, MeasureReply)

QUESTIONS: Final = (
    SESSIONS,
    HISTORY,
    REVISIONS,
    SCAN,
    TRIAL,
    EXPORT,
    MARKS,
    CALIBRATION,
    ALERT_LIST,
    RATES,
    START,
    STOP,
    CHANGE_SETTINGS,
    MARK,
    UNMARK,
    RENAME,
    DELETE,
    UNDELETE,
    CALIBRATE,
    ACKNOWLEDGE,
    LIST,
    PREVIEW,
    MEASURE,
)


_ALL_DEFAULTS: Final = b'{"schema":%d}' % SCHEMA
_IGNORED_MAX: Final = 20
_NAME_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was read and may be answered.

    Attributes
    ----------
    reply_to
        None where the asker wants no answer.
    ignored
        Fields of the question that are not known here; he is told, since they may be misspelt.
    """

    user_id: str
    question: Question
    payload: Payload
    reply_to: str | None
    correlation_data: bytes | None
    ignored: tuple[str, ...] = ()


def read_question(message: Message) -> Asked:
    """Read a question, refusing what must not be answered or carried out.

    An empty payload asks with every default. The response topic is honoured only below the reply
    tree of the user in the question's own topic, since whoever answers may write more than the
    asker.

    Raises
    ------
    ProtocolError
        If the message is retained, the verb is unknown, the payload is wrong, or the response
        topic lies elsewhere. `reply_place` still tells whether the problem can be told the asker.
    """
    place = parse_topic(message.topic)
    if place.channel not in (QUERY, REQUEST, AGENT_QUERY, AGENT_REQUEST):
        raise ProtocolError(f"{place.channel.name} carries no questions.")
    if message.retain:
        raise ProtocolError("A retained question is not carried out.")
    if place.channel is AGENT_REQUEST and message.expiry_s is None:
        raise ProtocolError("A request to the instrument needs a message expiry.")
    if message.response_topic is not None and reply_place(message) is None:
        raise ProtocolError("The response topic is not in the asker's own reply tree.")
    for question in QUESTIONS:
        if question.channel is place.channel and question.verb == place.levels["verb"]:
            written = message.payload or _ALL_DEFAULTS
            payload = decode(question.payload, written)
            return Asked(
                place.user_id,
                question,
                payload,
                reply_place(message),
                message.correlation_data,
                tuple(_unknown(from_json(written), payload.model_dump(mode="json"))),
            )
    known = ", ".join(q.verb for q in QUESTIONS if q.channel is place.channel)
    raise ProtocolError(
        f"{place.levels['verb']!r} is not asked here; known are: {known or 'none'}."
    )


def known_verb(message: Message) -> str:
    """The verb of a question, or "other" where nobody asks so: of these there are not many."""
    verb = parse_topic(message.topic).levels.get("verb")
    return verb if verb in {question.verb for question in QUESTIONS} else "other"


def reply_place(message: Message) -> str | None:
    """The response topic of a question if it lies in the asker's own reply tree, else None."""
    if message.response_topic is None:
        return None
    try:
        asked, reply = parse_topic(message.topic), parse_topic(message.response_topic)
    except ProtocolError:
        return None
    return (
        message.response_topic
        if reply.channel is REPLY and reply.user_id == asked.user_id
        else None
    )


def question(
    asked: Question, payload: Payload, *, user_id: str, client: str, correlation_data: bytes
) -> Publication:
    """A question whose answer comes to the reply topic of `client`."""
    return Publication(
        asked.channel.topic(user_id=user_id, verb=asked.verb),
        encode(payload),
        asked.channel.qos,
        content_type=JSON_TYPE,
        response_topic=REPLY.topic(user_id=user_id, client=client),
        correlation_data=correlation_data,
        expiry_s=asked.channel.expiry_s or QUESTION_EXPIRY_S,
    )


def reply(asked: Asked, payload: Payload) -> Publication | None:
    """The answer to a question, or None if the asker wants none."""
    content_type = PROBLEM_TYPE if isinstance(payload, Problem) else JSON_TYPE
    return file_reply(asked, encode(payload), content_type=content_type)


def file_reply(
    asked: Asked, content: bytes, *, content_type: str, properties: Mapping[str, str] | None = None
) -> Publication | None:
    """The answer to a question as a file's bytes, or None if the asker wants none."""
    if asked.reply_to is None:
        return None
    return Publication(
        asked.reply_to,
        content,
        REPLY.qos,
        content_type=content_type,
        user_properties=(*(properties or {}).items(), *_ignored(asked)),
        correlation_data=asked.correlation_data,
        expiry_s=QUESTION_EXPIRY_S,
    )


def problem_reply(message: Message, problem: Problem) -> Publication | None:
    """The refusal of a question that could not be read, or None where nobody may be told."""
    place = reply_place(message)
    if place is None or message.retain:
        return None
    return Publication(
        place,
        encode(problem),
        REPLY.qos,
        content_type=PROBLEM_TYPE,
        correlation_data=message.correlation_data,
        expiry_s=QUESTION_EXPIRY_S,
    )


def read_reply(asked: Question, message: Message) -> Payload | bytes:
    """Read the answer to a question: its model, a `Problem`, or a file's bytes.

    Raises
    ------
    ProtocolError
        If the answer is not of the question's model.
    """
    if message.content_type == PROBLEM_TYPE:
        return decode(Problem, message.payload)
    if asked.reply is None:
        return message.payload
    return decode(asked.reply, message.payload)


def _unknown(written: Any, understood: Any, inside: str = "") -> Iterator[str]:
    """The names of the fields that were written and not understood, dotted."""
    if isinstance(written, dict) and isinstance(understood, dict):
        for name, value in written.items():
            if name in understood:
                yield from _unknown(value, understood[name], f"{inside}{name}.")
            else:
                yield f"{inside}{name}"
    elif isinstance(written, list) and isinstance(understood, list):
        for value, known in zip(written, understood, strict=False):
            yield from _unknown(value, known, inside)


def _ignored(asked: Asked) -> Iterator[tuple[str, str]]:
    """The property that tells of unknown fields; a control character would cut the connection."""
    if asked.ignored:
        names = dict.fromkeys(quote(name[:_NAME_MAX]) for name in asked.ignored)
        yield "ignored", ",".join(islice(names, _IGNORED_MAX))
