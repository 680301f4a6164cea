"""The formats of an export, by the name that the question has for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from analyzer.exporting.material import Material
from analyzer.exporting.raw import raw_files
from analyzer.exporting.sacmes_cv import cv_all_electrodes
from analyzer.exporting.sacmes_desktop import desktop_text
from analyzer.exporting.sacmes_swv import frequency_map, swv_all_electrodes
from analyzer.exporting.tables import csv_table, parquet, workbook
from sacmes_core.payloads.questions import ExportFormat


@dataclass(frozen=True, slots=True)
class Format:
    """How a session is written, and what the file is called."""

    write: Callable[[Material], bytes]
    ending: str
    content_type: str


_CSV: Final = "text/csv; charset=utf-8"

FORMATS: Final[Mapping[ExportFormat, Format]] = MappingProxyType(
    {
        "csv": Format(csv_table, ".csv", _CSV),
        "xlsx": Format(
            workbook,
            ".xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        "parquet": Format(parquet, ".parquet", "application/vnd.apache.parquet"),
        "raw": Format(raw_files, "_raw.zip", "application/zip"),
        "sacmes_swv": Format(swv_all_electrodes, "_sacmes_swv.csv", _CSV),
        "sacmes_map": Format(frequency_map, "_sacmes_map.csv", _CSV),
        "sacmes_cv": Format(cv_all_electrodes, "_sacmes_cv.csv", _CSV),
        "sacmes_desktop": Format(desktop_text, "_sacmes.txt", "text/plain; charset=utf-8"),
    }
)
