"""From files to numbers, in batches: the same for the service and for the command line."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analyzer.cyclic import cv_result
from analyzer.reading import NOTHING_KNOWN, Circumstances, read_scans
from analyzer.steps import ca_result
from sacmes_core.analysis.analyzing import analyze
from sacmes_core.analysis.frequency_map import charge_c
from sacmes_core.analysis.peaks import Peak, ScanAnalysis
from sacmes_core.errors import AnalysisError, FormatError
from sacmes_core.formats.scan import Scan
from sacmes_core.payloads.results import ElectrodeResult
from sacmes_core.settings.session import SessionSettings

logger = logging.getLogger(__name__)

_FAULT: Final = (
    "This file made the program fail; the file is kept. Please report it together with the "
    "analyzer's log."
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be analysed."""

    file: str
    content: bytes
    known: Circumstances = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Numbers:
    """What became of one scan, or of a file without any.

    Attributes
    ----------
    scan
        As it was read; None if the file could not be read.
    analysis
        Peaks and curves; None where there is no scan.
    error
        Why there are no numbers, in a sentence.
    """

    scan: Scan | None
    analysis: ScanAnalysis | None
    error: str | None

    @property
    def electrodes(self) -> tuple[ElectrodeResult, ...]:
        """The numbers of each electrode."""
        if self.analysis is None:
            return ()
        square_wave = self.scan is not None and self.scan.technique == "swv"
        frequency_hz = self.scan.frequency_hz if self.scan and square_wave else None
        return tuple(_electrode(peak, frequency_hz) for peak in self.analysis.peaks)


def analyse(
    sources: Sequence[Source], settings: SessionSettings
) -> tuple[tuple[Numbers, ...], ...]:
    """Read and analyse files of equal settings, all their scans in one batch.

    Returns
    -------
    tuple of tuple of Numbers
        For each file its scans in order; at least one, which then has an `error`.
    """
    read = [_read(source, settings) for source in sources]
    scans = [scan for found in read if not isinstance(found, str) for scan in found]
    analysed = iter(_analyse(scans, settings))
    return tuple(
        (Numbers(None, None, found),)
        if isinstance(found, str)
        else tuple(next(analysed) for _ in found)
        for found in read
    )


def _read(source: Source, settings: SessionSettings) -> tuple[Scan, ...] | str:
    """The scans of a file, or the sentence that says why there are none."""
    try:
        return read_scans(source.file, source.content, settings.reading, source.known)
    except FormatError as error:
        return str(error)
    except Exception:
        # A fault of ours in one file must not hold up all that come after it.
        logger.exception("Reading %r failed", source.file)
        return _FAULT


def _analyse(scans: Sequence[Scan], settings: SessionSettings) -> list[Numbers]:
    try:
        analyses = analyze(scans, settings.peak, settings.reading.electrodes)
    except AnalysisError as error:
        return [Numbers(scan, None, str(error)) for scan in scans]
    except Exception:
        # As above: one scan at a time finds the one that is at fault.
        if len(scans) > 1:
            return [numbers for scan in scans for numbers in _analyse([scan], settings)]
        logger.exception("The analysis of a scan failed")
        return [Numbers(scan, None, _FAULT) for scan in scans]
    return [
        Numbers(scan, analysis, analysis.error)
        for scan, analysis in zip(scans, analyses, strict=True)
    ]


def _electrode(peak: Peak, frequency_hz: float | None) -> ElectrodeResult:
    return ElectrodeResult(
        electrode=peak.electrode,
        peak_current_a=peak.peak_current_a,
        peak_current_se_a=peak.peak_current_se_a,
        peak_potential_v=peak.peak_potential_v,
        peak_potential_se_v=peak.peak_potential_se_v,
        area_av=peak.area_av,
        area_se_av=peak.area_se_av,
        fwhm_v=peak.fwhm_v,
        fwhm_se_v=peak.fwhm_se_v,
        charge_c=charge_c(peak.peak_current_a, frequency_hz),
        charge_se_c=charge_c(peak.peak_current_se_a, frequency_hz),
        flags=tuple(dict.fromkeys(peak.flags)),
        cv=None if peak.cv is None else cv_result(peak.cv),
        ca=None if peak.ca is None else ca_result(peak.ca),
    )
