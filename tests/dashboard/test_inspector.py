"""The inspector's page: what belongs to one scan is drawn together."""

from dashboard import inspection
from dashboard.views import inspector


def test_a_scan_is_asked_for_before_its_name_is_drawn(monkeypatch):
    done = []
    found = inspection.Around(None, 1, 1, None, None, ())
    monkeypatch.setattr(inspector, "_found", lambda: found)
    monkeypatch.setattr(inspector, "_answer", lambda _scan: done.append("asked"))
    monkeypatch.setattr(inspection, "heading", lambda _found: "Scan 1")
    monkeypatch.setattr(inspector.st, "text", lambda _text: done.append("named"))
    inspector._scan.__wrapped__()
    assert done == ["asked", "named"]
