"""What a trial of other settings shows: which scan, both curves, the numbers that change."""

import json

from dashboard.trend import Epoch, Trend, scan_of
from dashboard.trial import electrodes_of, scan_to_try, settings_before, trial_figure, trial_rows
from sacmes_core.payloads.replies import RevisionsReply, ScanReply
from sacmes_core.payloads.results import Curves, ElectrodeCurves, ElectrodeResult


def trend_of(results):
    return Trend(results[0].session_id, Epoch(1, 1)).with_scans(scan_of(r) for r in results)


def reply(world, height_a=1e-6, potential_v=-0.26, flags=(), **changes):
    number = ElectrodeResult(
        electrode=1, peak_current_a=height_a, peak_potential_v=potential_v, flags=flags, **changes
    )
    result = world.result(1, electrodes=(number,))
    line = ElectrodeCurves(
        electrode=1,
        potential_v=(-0.3, potential_v, -0.2),
        current_a=(1e-7, 1e-7 + height_a, 1e-7),
        smoothed_a=(1e-7, 1e-7 + height_a, 1e-7),
        baseline_a=(1e-7, 1e-7, 1e-7),
        peak_current_a=height_a,
        peak_potential_v=potential_v,
    )
    curves = Curves(
        session_id=result.session_id,
        position=1,
        scan=result.scan,
        settings_revision=1,
        electrodes=(line,),
    )
    return ScanReply(result=result, curves=curves)


def test_the_newest_scan_of_a_frequency_or_the_one_of_a_number_is_tried(world):
    trend = trend_of([world.result(p) for p in range(1, 9)])
    assert scan_to_try(trend, None, None).position == 8
    assert scan_to_try(trend, 15.0, None).position == 7
    assert scan_to_try(trend, 100.0, 2).position == 4
    assert scan_to_try(trend, 15.0, 77) is None
    assert scan_to_try(None, None, None) is None


def test_both_curves_stand_in_one_figure_with_their_baselines(world):
    figure = json.loads(trial_figure(reply(world), reply(world, height_a=8e-7), 1))
    names = [t["name"] for t in figure["data"]]
    assert names == [
        "measured",
        "now",
        "now baseline",
        "now peak",
        "trial",
        "trial baseline",
        "trial peak",
    ]
    now, trial = (next(t for t in figure["data"] if t["name"] == n) for n in ("now", "trial"))
    assert max(now["y"]) == 1.1
    assert max(trial["y"]) == 0.9
    assert now["line"]["dash"] != trial["line"]["dash"]
    assert figure["layout"]["yaxis"]["title"]["text"].endswith("/ µA")


def test_a_trial_without_an_answer_leaves_what_holds_to_see(world):
    figure = json.loads(trial_figure(reply(world), None, 1))
    assert [t["name"] for t in figure["data"]][:2] == ["measured", "now"]
    assert json.loads(trial_figure(None, None, 1))["data"] == []


def test_the_numbers_say_by_how_much_they_change(world):
    rows = trial_rows(
        reply(world, area_av=1e-7), reply(world, height_a=9e-7, potential_v=-0.252), 1
    )
    cells = {row[0].text: [cell.text for cell in row[1:]] for row in rows}
    assert cells["Peak current"] == ["1.000 µA", "900.0 nA", "−10 %"]
    assert cells["Peak potential"][2] == "+8.0 mV"
    assert cells["Area"][2] == "gone"
    assert cells["± standard error"] == ["–", "–", "–"]
    assert cells["Flags"][:2] == ["none", "none"]


def test_flags_are_told_in_words(world):
    rows = trial_rows(reply(world), reply(world, flags=("peak_at_edge",)), 1)
    flags = rows[-1]
    assert flags[2].text == "Peak at edge"
    assert "widen the window" in flags[2].title


def test_electrodes_are_those_of_either_answer(world):
    assert electrodes_of(reply(world), None) == (1,)
    assert electrodes_of(None) == ()


def test_the_settings_before_are_the_last_others_that_are_kept(world):
    first = world.session
    other = first.settings.changed({"peak.method": "classic"})
    changed = first.model_copy(update={"revision": 2, "settings": other})
    stopped = changed.model_copy(update={"revision": 3, "state": "stopped"})
    kept = RevisionsReply(revisions=(stopped, changed, first))
    assert settings_before(stopped, kept) == first.settings
    assert settings_before(first, RevisionsReply(revisions=(first,))) is None
    assert settings_before(first, None) is None
