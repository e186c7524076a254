"""Whether a dose can be what its plan prescribes, by the settings of the protocol that is asked."""

from weakref import WeakKeyDictionary

from oligort import fit
from oligort.checks.case import Case
from oligort.checks.what_to_do import WHOLE_DOSE
from oligort.courses import Course
from oligort.errors import advising


@advising(WHOLE_DOSE)
def fit_of(case: Case) -> fit.Fit:
    """Return how the judged doses fit the prescriptions of their plans; refused as `fit.fit_of`."""
    if case not in _FITS:
        _FITS[case] = fit.fit_of(case.submission, _limits_of(case))
    return _FITS[case]


_FITS: WeakKeyDictionary[Case, fit.Fit] = WeakKeyDictionary()
"""Several checks ask, and of added courses each has histograms of its own."""


def fit_of_course(case: Case, course: Course) -> fit.Fit:
    """Return how one of several courses fits; refused as `fit.fit_of_course`."""
    return fit.fit_of_course(case.submission, _limits_of(case), course)


def _limits_of(case: Case) -> fit.Limits:
    settings = case.protocol.settings
    return fit.Limits(settings.target_median_dose_ratio, settings.target_maximum_dose_ratio)
