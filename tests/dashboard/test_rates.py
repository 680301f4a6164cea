"""Fitted rates as the page of the map shows them."""

from dashboard.rates import COLUMNS, assumed_words, fits_of, rate_rows
from sacmes_core.payloads.rates import ElectrodeRates, Population, RatesReply

POPULATION = Population(
    rate_hz=61.23,
    rate_se_hz=0.71,
    rate_low_hz=59.8,
    rate_high_hz=62.6,
    charge_c=3.1e-8,
    charge_se_c=2e-10,
)
FOUND = ElectrodeRates(
    electrode=1,
    populations=(POPULATION,),
    maximum_hz=53.7,
    frequency_hz=(10.0, 100.0),
    peak_current_a=(1e-7, 2e-7),
)


def test_each_population_has_a_line_with_its_interval():
    both = FOUND.model_copy(update={"populations": (POPULATION, POPULATION)})
    rows = [[c.text for c in row] for row in rate_rows([("now", (both,)), ("held", (FOUND,))])]
    assert len(rows) == 3
    assert rows[0][:5] == ["now", "E1", "61.2 ± 0.71", "59.8 to 62.6", "31.00 nC"]
    assert rows[2][0] == "held"
    assert all(len(row) == len(COLUMNS) for row in rows)


def test_what_could_not_be_fitted_says_why():
    lost = ElectrodeRates(electrode=2, flags=("rate_undetermined",))
    (row,) = rate_rows([("now", (lost,))])
    assert [c.text for c in row[2:6]] == ["–"] * 4
    assert row[-1].text.endswith(".")
    assert row[-1].tone == "attention"


def test_curves_are_those_of_the_electrodes_that_are_drawn():
    assert fits_of((FOUND,), (1,)) == ((1, (10.0, 100.0), (1e-7, 2e-7)),)
    assert fits_of((FOUND,), (2,)) == ()
    assert fits_of((ElectrodeRates(electrode=1),), (1,)) == ()


def test_what_was_taken_as_known_is_said():
    reply = RatesReply(
        session_id="12345678-1234-4234-8234-123456789012",
        amplitude_v=0.025,
        step_v=0.001,
        electrons=2,
    )
    assert "2 electrons, amplitude 25 mV, step 1 mV" in assumed_words(reply)
