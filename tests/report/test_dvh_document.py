"""The entry of a histogram in the JSON of `oligort dvh`."""

import json

import numpy as np
import pytest

from oligort.dose.dvh import Dvh
from oligort.report.dvh_document import DvhDocument, DvhEntry


def dvh_of(partly_covered_cc):
    return Dvh(
        "PTV",
        1,
        np.array([0.0, 10.0, 20.0]),
        np.array([4.0, 3.0, 0.0]),
        volume_cc=4.0,
        uncovered_cc=0.0,
        min_gy=5.0,
        mean_gy=12.0,
        max_gy=20.0,
        partly_covered_cc=partly_covered_cc,
    )


@pytest.mark.parametrize("partly_cc", [None, [2.0, 1.0, 0.0]])
def test_what_is_known_in_part_stands_in_the_entry(partly_cc):
    dvh = dvh_of(None if partly_cc is None else np.array(partly_cc))
    measures = {metric: dvh[metric] for metric in ("V10Gy[cc]", "HI", "gEUD(2)[Gy]")}
    document = DvhDocument(
        dose_sop_instance_uids=("1.2",),
        settings={},
        dvhs=(DvhEntry.of(dvh, measures),),
        not_evaluable=(),
        prescription_gy=20.0,
    )
    read = json.loads(document.to_json())
    (entry,) = read["dvhs"]
    assert read["prescription_gy"] == 20
    assert entry["partly_covered_cc"] == partly_cc
    assert entry["partly_covered_volume_cc"] == (0 if partly_cc is None else 2)
    assert entry["metric_units"] == {"V10Gy[cc]": "cc", "HI": "", "gEUD(2)[Gy]": "Gy"}
    # An end that nothing bounds is null.
    expected = {} if partly_cc is None else {"coverage": [3.0, 4.0]}
    assert entry["metric_intervals"]["V10Gy[cc]"] == expected
    if partly_cc is not None:
        assert entry["metric_intervals"]["gEUD(2)[Gy]"]["coverage"][1] is None
