"""The flags of scans and results: short codes, and a sentence for the chemist for each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NO_PEAK: Final = "no_peak"
PEAK_AT_EDGE: Final = "peak_at_edge"
TOO_FEW_POINTS: Final = "too_few_points"
NOT_FINITE: Final = "not_finite"
SATURATED: Final = "saturated"
CONSTANT: Final = "constant"
SECOND_PEAK: Final = "second_peak"
TOO_NOISY: Final = "too_noisy"
DOUBTFUL_PEAK: Final = "doubtful_peak"
BASELINE_AMBIGUOUS: Final = "baseline_ambiguous"
SPIKES_REMOVED: Final = "spikes_removed"
POOR_FIT: Final = "poor_fit"
CURRENT_STEP: Final = "current_step"
DROPOUT: Final = "dropout"
MISSING_ELECTRODE: Final = "missing_electrode"
MISSING_CURRENT: Final = "missing_current"
BASELINE_FAILED: Final = "baseline_failed"
TRUNCATED_SCAN: Final = "truncated_scan"
NAME_HEADER_MISMATCH: Final = "name_header_mismatch"
CLOCK_NOT_SET: Final = "clock_not_set"
CLOCK_WRONG: Final = "clock_wrong"
CLOCK_WENT_BACK: Final = "clock_went_back"
DIFFERENCE_MISMATCH: Final = "difference_mismatch"
UNITS_ASSUMED: Final = "units_assumed"
TECHNIQUE_ASSUMED: Final = "technique_assumed"
OVERLOAD: Final = "overload"
PARTIAL_CYCLE: Final = "partial_cycle"
INCOMPLETE_CYCLE: Final = "incomplete_cycle"
MISSING_SEGMENT: Final = "missing_segment"
SCAN_RATE_UNKNOWN: Final = "scan_rate_unknown"
NO_REVERSE_PEAK: Final = "no_reverse_peak"
MODEL_MISMATCH: Final = "model_mismatch"
MODEL_UNCLEAR: Final = "model_unclear"
QUASI_REVERSIBLE: Final = "quasi_reversible"
STEADY_STATE: Final = "steady_state"
LINES_LOST: Final = "lines_lost"
NO_DECAY: Final = "no_decay"
LIFETIME_OUT_OF_REACH: Final = "lifetime_out_of_reach"
SECOND_LIFETIME_UNSUPPORTED: Final = "second_lifetime_unsupported"
SECOND_LIFETIME_POSSIBLE: Final = "second_lifetime_possible"
DIFFUSION_CURRENT: Final = "diffusion_current"
DECAY_MISFIT: Final = "decay_misfit"
CHARGING_AMBIGUOUS: Final = "charging_ambiguous"
MAP_MISFIT: Final = "map_misfit"
MAP_MAXIMUM_OUTSIDE: Final = "map_maximum_outside"
RATE_UNDETERMINED: Final = "rate_undetermined"
PEAK_MOVED: Final = "peak_moved"
PEAK_DRIFTED: Final = "peak_drifted"

DRIFT_TERM_UNSUPPORTED: Final = "drift_term_unsupported"
NO_DOSE_RESPONSE: Final = "no_dose_response"
SATURATION_NOT_REACHED: Final = "saturation_not_reached"
ONSET_NOT_REACHED: Final = "onset_not_reached"
HILL_UNDETERMINED: Final = "hill_undetermined"
CALIBRATION_MISFIT: Final = "calibration_misfit"
BELOW_CALIBRATION: Final = "below_calibration"
ABOVE_CALIBRATION: Final = "above_calibration"
OFF_CALIBRATION: Final = "off_calibration"
BEYOND_DOSES: Final = "beyond_doses"
OPEN_INTERVAL: Final = "open_interval"

TREND_FLAGS: Final = frozenset({PEAK_MOVED, PEAK_DRIFTED, CLOCK_WENT_BACK})
"""Flags that a series, not a scan alone, gives reason for; they change with the trend."""

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        NO_PEAK: "No peak was found in the potential window; there is no peak current.",
        PEAK_AT_EDGE: "The peak lies at the end of the potential window; widen the window or "
        "the scan, the height is not to be trusted.",
        TOO_FEW_POINTS: "Too few points lie in the potential window; widen it.",
        NOT_FINITE: "Some currents are not numbers (overload or gaps in the file).",
        SATURATED: "The current stands still at its largest or smallest value: the amplifier "
        "was probably saturated; use a less sensitive range.",
        CONSTANT: "The current does not change at all; check the connection of the electrode.",
        SECOND_PEAK: "A second peak is more than a fifth as high; the one that was taken may "
        "change from scan to scan. Set a potential window about the one that is meant.",
        DOUBTFUL_PEAK: "It is not certain that there is a peak at all; noise or the background may "
        "look like it. Compare with the scans before and after.",
        TOO_NOISY: "The height hardly stands out of its own uncertainty; it may be no peak at all.",
        BASELINE_AMBIGUOUS: "Methods that are all reasonable differ far more on the height "
        "than noise explains; see its uncertainty, and set a potential window that leaves the "
        "tails out.",
        SPIKES_REMOVED: "Single points far off their neighbours were left out of the fit.",
        POOR_FIT: "A wide part of the current is explained by neither peak nor baseline; there "
        "may be a second peak or a hump.",
        CURRENT_STEP: "The current jumps within the scan; the instrument may have changed its "
        "range, or the contact was lost.",
        DROPOUT: "Several points in a row lie off the curve or stand still; the contact was "
        "probably lost for a moment. Measure again and check the cables.",
        MISSING_ELECTRODE: "The file has no such electrode; check which channels were switched on.",
        MISSING_CURRENT: "The file does not hold the current that the settings ask for "
        "(difference, forward or reverse); choose another one or map the columns.",
        BASELINE_FAILED: "The chosen baseline could not be drawn or did not settle; widen the "
        "potential window, or choose another baseline.",
        TRUNCATED_SCAN: "The scan ends before the end that was set; it was aborted, or the file "
        "is not yet complete.",
        NAME_HEADER_MISMATCH: "The file's name, or what was sent with it, says something else than "
        "its header; the header was believed.",
        CLOCK_NOT_SET: "No time server had set the clock of the computer beside the instrument; "
        "the time of the scan may be wrong, its order is right.",
        CLOCK_WRONG: "The header's time is later than the file itself, or years earlier than it "
        "was written: set the clock of the instrument's computer. A file that was copied "
        "without its own date looks the same.",
        CLOCK_WENT_BACK: "The header's time is earlier than that of a scan with a lower number: "
        "the clock of the instrument's computer was set back, or the numbers began anew.",
        DIFFERENCE_MISMATCH: "The difference current is not forward minus reverse; check the "
        "columns.",
        TECHNIQUE_ASSUMED: "Neither the file nor its name says what was measured; a square-wave "
        "voltammogram was assumed because the sweep does not turn.",
        UNITS_ASSUMED: "The file names no units; the usual ones were assumed, which are volts and "
        "amperes where the format is not known. Set the units in the reading settings to be sure.",
        OVERLOAD: "The instrument marked points as overloaded; use a less sensitive range.",
        PARTIAL_CYCLE: "The curve is only a part of a cycle, which the instrument wrote as a curve "
        "of its own; do not compare it with whole cycles.",
        INCOMPLETE_CYCLE: "The scan holds no whole cycle: one of the sweeps is missing, or it is "
        "less than half as long as the other.",
        MISSING_SEGMENT: "The file has fewer segments than the one that is set; choose another "
        "one, or leave the choice empty.",
        SCAN_RATE_UNKNOWN: "The file does not say its scan rate, so there is no charge; set it "
        "in the settings of cyclic voltammetry.",
        NO_REVERSE_PEAK: "The reverse sweep has no peak: the reaction is not reversed in this "
        "time, or the sweep turns too early.",
        MODEL_MISMATCH: "The model that is set fits far worse than the other one; heights may be "
        "off by a quarter. Choose the other model, or 'auto'.",
        MODEL_UNCLEAR: "A couple on the surface and one that diffuses fit nearly alike; the "
        "heights of the two differ. Set the model if you know it.",
        STEADY_STATE: "The current reaches a plateau and does not come down again: a steady state, "
        "as at a microelectrode, and no peak.",
        QUASI_REVERSIBLE: "The peaks are farther apart than those of a fast reaction: slow "
        "transfer of electrons, or resistance of the solution.",
        LINES_LOST: "Some lines of the recording are missing or cannot be read, and the curve goes "
        "across the gap; check the cable to the instrument.",
        PEAK_MOVED: "The peak's potential has jumped from that of the scans before; check the "
        "reference electrode and whether another peak was taken.",
        PEAK_DRIFTED: "The peak's potential has drifted far from where the run began; check the "
        "reference electrode and that the peak still lies well within the window.",
        DRIFT_TERM_UNSUPPORTED: "The data do not support every term of the drift model; take the "
        "simpler model, or mark a longer stretch of the series.",
        NO_DOSE_RESPONSE: "The signal does not depend on the concentration more than by chance; "
        "there is no calibration.",
        SATURATION_NOT_REACHED: "The doses do not reach half saturation, or may not: the "
        "half-saturation concentration and the gain are extrapolated. Add higher doses.",
        ONSET_NOT_REACHED: "The lowest doses are already near saturation: the half-saturation "
        "concentration has no lower limit. Add lower doses and a blank.",
        HILL_UNDETERMINED: "The doses do not tell how steep the curve is; fix the Hill coefficient "
        "to one, or add doses about the half-saturation concentration.",
        CALIBRATION_MISFIT: "The signals lie farther from the curve than their scatter explains; "
        "another model or an outlier is the reason, and the limits are too narrow.",
        BELOW_CALIBRATION: "The signal lies below the curve, where there is no target; there is an "
        "upper limit of the concentration only.",
        ABOVE_CALIBRATION: "The signal lies beyond saturation; there is a lower limit of the "
        "concentration only.",
        OFF_CALIBRATION: "The signal lies where the calibrated curve cannot come; the sensor or "
        "the medium is not the one that was calibrated.",
        BEYOND_DOSES: "The concentration lies beyond the doses of the calibration; it is "
        "extrapolated.",
        OPEN_INTERVAL: "The signal is too near saturation for an upper limit of the concentration.",
        NO_DECAY: "The current does not decay after the step as that of a bound couple does; there "
        "is no lifetime. Check the potentials of the step and the electrode.",
        LIFETIME_OUT_OF_REACH: "The lifetime is too short for the first points or too long for the "
        "pulse; there is no number. Change the sampling, the pulse width or the window of the "
        "fit.",
        SECOND_LIFETIME_UNSUPPORTED: "Two lifetimes were asked for, but one explains the current "
        "as well; only one is given.",
        SECOND_LIFETIME_POSSIBLE: "A second lifetime is likely but not proven; one is given. "
        "Average more pulses to decide.",
        DIFFUSION_CURRENT: "A part of the current falls with the root of time, as that of a "
        "dissolved species does; it was fitted with the rest.",
        DECAY_MISFIT: "The current differs from a sum of exponentials by more than its noise; the "
        "intervals were widened, but see the curve.",
        CHARGING_AMBIGUOUS: "The lifetime is hardly longer than what counts as charging of the "
        "double layer, so that a part of the couple may have been taken for charging; set the "
        "longest charging in the settings below the couple's lifetimes.",
        MAP_MISFIT: "The peak currents over frequency differ from those of a bound couple by more "
        "than their errors; the intervals were widened. Check amplitude, step and number of "
        "electrons.",
        MAP_MAXIMUM_OUTSIDE: "The quasi-reversible maximum lies outside the measured frequencies; "
        "the rate constant rests on one flank alone. Measure further frequencies on that side.",
        RATE_UNDETERMINED: "The frequencies measured do not determine a rate constant; there is "
        "none. Measure at five or more frequencies on both sides of the largest peak.",
    }
)
