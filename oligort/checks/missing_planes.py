"""Missing planes: an organ that a limit is about, or a target, is drawn without a break."""

from collections.abc import Iterator
from functools import partial

from oligort.checks.answers import information
from oligort.checks.applicability import limited_once, told_without_limits
from oligort.checks.case import Case
from oligort.checks.judged import gaps_of, gaps_of_targets, organs_of
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed, quoted
from oligort.finding import Finding, Flag, Grade
from oligort.geometry.interrupted import Interruption
from oligort.geometry.structure import Structure


@check("OL303", "Planes of the judged structures")
def planes_of_the_structures(case: Case) -> Iterator[Finding]:
    """What it checks: no plane is missing in an organ that a dose limit is about, nor in gross
    tumour or a target.

    Why it matters: the volume of a missing plane is left out, and a percentage of volume with it.

    How it is measured: two neighbouring planes that lie more than 1.5 of the usual plane spacings
    apart. Nothing is filled in. Parts of a tumour or target may lie apart: there a gap of at most 3
    spacings is graded if at least half of the smaller area faces the larger one across it, and else
    a query.

    Not evaluable when: the organ is missing.

    Source: oligort convention; the grade is the protocol's setting.
    """
    yield from map(partial(_interrupted, case), gaps_of_targets(case))
    yield from told_without_limits(case, "OL303")
    for limit in limited_once(case):
        organs = organs_of(case, limit)
        if not organs:
            told = "a gap in a target is told by itself, for its parts may lie apart"
            yield information("OL303", told, about=limit.structure)
            continue
        gaps = gaps_of(case, limit)
        for structure, gap in gaps:
            yield Finding(
                code="OL303",
                grade=case.protocol.grades.missing_planes,
                about=structure.roi_name,
                message=f"{quoted(structure.roi_name)}: no contour between "
                f"{gap.lower_plane_mm:.1f} and {gap.upper_plane_mm:.1f} mm, where about "
                f"{gap.missing_mm3 / 1000:.1f} cc are missing",
                source=CONVENTION,
                hint="draw the missing planes, or confirm that the organ is in parts",
            )
        if not gaps:
            yield Finding(
                code="OL303",
                grade=Grade.PASS,
                about=limit.structure,
                message="no plane is missing in " + listed(one.roi_name for one in organs),
                source=CONVENTION,
            )


def _interrupted(case: Case, found: tuple[Structure, Interruption]) -> Finding:
    """Return the finding on a gap of gross tumour or a target, of one piece or between two."""
    structure, gap, is_in_one_piece = found[0], found[1].gap, found[1].is_in_one_piece
    told = (
        f"about {gap.missing_mm3 / 1000:.2f} cc are missing"
        if is_in_one_piece
        else "the two sides do not face each other: two parts, or planes are missing"
    )
    return Finding(
        code="OL303",
        grade=case.protocol.grades.missing_planes if is_in_one_piece else Grade.INFO,
        flags=() if is_in_one_piece else (Flag.QUERY,),
        about=structure.roi_name,
        message=f"{quoted(structure.roi_name)}: no contour between "
        f"{gap.lower_plane_mm:.1f} and {gap.upper_plane_mm:.1f} mm, where {told}",
        source=CONVENTION,
        hint="draw the missing planes, or confirm that these are two parts",
    )
