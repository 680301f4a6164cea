"""The findings on the screen, one line each as soon as it is there, or as one JSON document."""

import json
from typing import Final

import typer

from agent.doctor.examination import Patient, examined
from agent.doctor.findings import Level, document, worst

_COLOURS: Final[dict[Level, str]] = {"ok": "green", "warning": "yellow", "problem": "red"}


def report(patient: Patient, *, as_json: bool) -> bool:
    """Check everything and say it; whether nothing keeps scans from coming through."""
    findings = []
    for finding in examined(patient):
        findings.append(finding)
        if not as_json:
            level = typer.style(f"{finding.level:8}", fg=_COLOURS[finding.level], bold=True)
            typer.echo(f"{level} {finding.check:9} {finding.sentence}")
    if as_json:
        typer.echo(json.dumps(document(findings), ensure_ascii=False, indent=1))
    return worst(findings) != "problem"
