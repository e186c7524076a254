"""Case building: the submission, the register and the protocol that a case file asks for."""

import dataclasses
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from answered import REGISTER
from case_files import (
    DoseKeys,
    Images,
    Left,
    Loop,
    PlanKeys,
    PlannedOfBox,
    ProtocolKeys,
    RegisterKeys,
    Strict,
    SubmissionKeys,
    WrittenCase,
)
from msgspec import UNSET

import oligort.protocol
from oligort.checks.case import Case
from oligort.clinical.register import Register
from oligort.dose.grid import DoseGrid
from oligort.dose.planned_dvh import PlannedDvh, curve_of
from oligort.geometry.structure import Contour, Structure, StructureSet
from oligort.objects import (
    Dose,
    Fault,
    IdentityLeft,
    ImageSeries,
    Plan,
    Prescription,
    key_of_id,
    key_of_name,
)
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.submission import Submission

Build = Callable[..., Submission]
"""The builder of `conftest.py`."""


def submission_of(keys: SubmissionKeys, build: Build) -> Submission:
    """Return the submission that a case is about."""
    stated = {} if keys.prescription_gy is UNSET else {"prescription_gy": keys.prescription_gy}
    begun = build(
        edge_mm=keys.edge_mm,
        scale=keys.scale,
        z_mm=keys.z_mm,
        without=keys.without,
        extra={roi_name: Box(*solid) for roi_name, solid in keys.extra.items()},
        **stated,
    )
    (structure_set,), (plan,), (dose,) = begun.structure_sets, begun.plans, begun.doses
    of_study = {"study_instance_uid": keys.study_instance_uid}
    images = tuple(_series(one, structure_set, keys) for one in keys.images)
    named = {
        uid
        for one, series in zip(keys.images, images, strict=True)
        for uid in series.sop_instance_uids
        if one.are_named
    }
    structure_set = dataclasses.replace(
        structure_set,
        structures=_drawn(structure_set, keys),
        referenced_image_uids=frozenset(named),
        **of_study,
    )
    structure_set = _altered(structure_set, keys.structure_set)
    plan = _plan(dataclasses.replace(plan, **of_study), keys.plan)
    dose = _dose(dataclasses.replace(dose, **of_study), keys.dose, keys.edge_mm)
    structure_sets = [_altered(structure_set, one) for one in keys.further_structure_sets]
    plans = [_plan(plan, one) for one in keys.further_plans]
    doses = [_dose(dose, one, keys.edge_mm) for one in keys.further_doses]
    whole = Submission(
        structure_sets=(structure_set, *structure_sets),
        plans=(plan, *plans),
        doses=(dose, *doses),
        images=images,
        faults=tuple(Fault(one.file, one.reason, one.kind) for one in keys.faults),
        identity_left=tuple(map(_left, keys.identity_left)),
        treatment_records=keys.treatment_records,
        trial_subject_id=keys.trial_subject_id,
        patient_age_years=keys.patient_age_years,
        oldest_age_years=keys.oldest_age_years,
    )
    whole = dataclasses.replace(whole, **dict.fromkeys(keys.lacks, ()))
    whole = whole.selected(keys.asked.plans, keys.asked.doses)
    return whole.after(*(submission_of(one, build) for one in keys.earlier))


def _altered(thing: Any, keys: Strict, *others: str) -> Any:
    """Return a value type with the fields that are given; `others` are keys and no fields."""
    given = {
        key: value
        for key in keys.__struct_fields__
        if key not in others and (value := getattr(keys, key)) is not UNSET
    }
    return dataclasses.replace(thing, **given)


def _drawn(structure_set: StructureSet, keys: SubmissionKeys) -> tuple[Structure, ...]:
    """Return the structures, moved, without planes, and those that are drawn loop by loop."""
    structures = {one.roi_name: one for one in structure_set}
    frame = structure_set.frame_of_reference_uid
    for roi_name, by_mm in keys.moved_mm.items():
        moved = tuple(Contour(c.points_mm + by_mm) for c in structures[roi_name].contours)
        structures[roi_name] = dataclasses.replace(structures[roi_name], contours=moved)
    for roi_name, planes_mm in keys.lacking_planes_mm.items():
        contours = structures[roi_name].contours
        kept = tuple(one for one in contours if one.points_mm[0, 2] not in planes_mm)
        if len(kept) != len(contours) - len(planes_mm):
            raise ValueError(f"{roi_name}: expected a contour in each plane that is taken out")
        structures[roi_name] = dataclasses.replace(structures[roi_name], contours=kept)
    for number, (roi_name, loops) in enumerate(keys.loops.items(), len(structures) + 1):
        if roi_name in structures:
            raise ValueError(f"{roi_name} is drawn already: leave it out with `without`")
        contours = tuple(contour for loop in loops for contour in _contours(loop))
        structures[roi_name] = Structure(number, roi_name, contours, frame_of_reference_uid=frame)
    return tuple(structures.values())


def _contours(loop: Loop) -> Iterator[Contour]:
    axis = "xyz".index(loop.across)
    for plane_mm in loop.planes_mm:
        points_mm = np.insert(loop.points_mm, axis, plane_mm, axis=1)
        yield Contour(points_mm, loop.geometric_type)


def _plan(plan: Plan, keys: PlanKeys) -> Plan:
    if keys.prescribed is not UNSET:
        prescriptions = tuple(Prescription(it.dose_gy, it.roi_number) for it in keys.prescribed)
        plan = dataclasses.replace(plan, prescriptions=prescriptions)
    return _altered(plan, keys, "prescribed")


def _dose(dose: Dose, keys: DoseKeys, edge_mm: float) -> Dose:
    grid = dose.grid
    assert grid is not None
    edge_mm = edge_mm if keys.edge_mm is None else keys.edge_mm
    if keys.spacing_mm or keys.edge_mm is not None:
        grid = _computed_anew(grid, keys.spacing_mm, edge_mm)
    if keys.voxels:
        values = grid.dose_gy.copy()
        for voxel in keys.voxels:
            values[voxel.at] = voxel.gy
        grid = dataclasses.replace(grid, dose_gy=values)
    if keys.dose_type is not UNSET:
        grid = dataclasses.replace(grid, dose_type=keys.dose_type)
    planned = tuple(_planned(one, edge_mm) for one in keys.planned_dvhs)
    begun = dataclasses.replace(dose, grid=grid, planned_dvhs=planned)
    if keys.refusal is not UNSET:
        begun = dataclasses.replace(begun, grid=None, refusal=keys.refusal)
    return _altered(begun, keys, "spacing_mm", "edge_mm", "voxels", "planned_dvhs")


def _computed_anew(dose: DoseGrid, spacing_mm: float | None, edge_mm: float) -> DoseGrid:
    """Return the dose of `conftest.py` with another edge, on a grid of other voxels if asked."""
    grid = dose.grid
    if spacing_mm:
        widths_mm = (grid.i_count - 1) * grid.i_spacing_mm, (grid.j_count - 1) * grid.j_spacing_mm
        i_count, j_count = (round(width_mm / spacing_mm) + 1 for width_mm in widths_mm)
        first_mm, last_mm = grid.frame_positions_mm[[0, -1]]
        grid = dataclasses.replace(
            grid,
            i_spacing_mm=spacing_mm,
            j_spacing_mm=spacing_mm,
            i_count=i_count,
            j_count=j_count,
            frame_positions_mm=np.arange(first_mm, last_mm + spacing_mm / 2, spacing_mm),
        )
    along_z = np.maximum(20 + 0.5 * (grid.frame_positions_mm - edge_mm), 0)
    return dataclasses.replace(dose, grid=grid, dose_gy=np.broadcast_to(along_z, grid.shape))


def _planned(keys: PlannedOfBox, edge_mm: float) -> PlannedDvh:
    """Return the curve of a box: linear, for the dose rises evenly along z."""
    edges_gy = np.arange(0, 60, 0.01)
    reached_mm = edge_mm + (edges_gy - keys.shift_gy - 20) / 0.5
    low_mm, high_mm = keys.z_mm
    share = np.clip((high_mm - reached_mm) / (high_mm - low_mm), 0, 1)
    share[0] = 1.0  # what receives nothing has at least 0 Gy
    widths_gy = np.full(len(edges_gy), 0.01)
    edges, lower, upper, whole = curve_of("CUMULATIVE", widths_gy, keys.volume_cc * share)
    return PlannedDvh(
        (keys.roi_number,),
        dose_units="GY",
        stated_maximum=keys.stated_maximum,
        edges_gy=edges,
        lower_percent=lower,
        upper_percent=upper,
        volume_cc=whole,
    )


def _series(keys: Images, structure_set: StructureSet, of: SubmissionKeys) -> ImageSeries:
    planes_mm = np.arange(keys.first_mm, keys.last_mm + keys.step_mm / 2, keys.step_mm).tolist()
    kept = [position_mm for position_mm in planes_mm if position_mm not in keys.lacking_mm]
    if len(kept) != len(planes_mm) - len(keys.lacking_mm):
        raise ValueError("expected an image at each position that is lacking")
    positions_mm = sorted([*kept, *keys.further_mm])
    uid = keys.series_instance_uid
    own = structure_set.frame_of_reference_uid
    return ImageSeries(
        uid,
        keys.modality,
        own if keys.frame_of_reference_uid is UNSET else keys.frame_of_reference_uid,
        positions_mm=tuple(positions_mm),
        sop_instance_uids=frozenset(f"{uid}.{number}" for number in range(len(positions_mm))),
        patient_key="patient" if keys.patient_key is UNSET else keys.patient_key,
        study_instance_uid=keys.study_instance_uid or of.study_instance_uid,
        description=keys.description,
    )


def _left(keys: Left) -> IdentityLeft:
    key = (key_of_name if keys.is_name else key_of_id)(keys.says)
    return IdentityLeft(keys.keyword, keys.tag, frozenset({key}), keys.files, keys.may_be_dummy)


def register_of(keys: RegisterKeys) -> Register | None:
    """Return the register of a case, or None."""
    if not keys.is_given:
        if keys != RegisterKeys(is_given=False):
            raise ValueError("expected no answers of a register that is not given")
        return None
    table = json.loads(json.dumps(REGISTER))
    for path in keys.removed:
        *tables, last = path.split(".")
        holder = table
        for key in tables:
            holder = holder[int(key)] if isinstance(holder, list) else holder[key]
        del holder[last]
    table = _merged(table, keys.answers)
    table["lesions"] = [*table.get("lesions", []), *keys.further_lesions]
    return Register.from_dict(table)


def _merged(table: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(table)
    for key, value in other.items():
        before = both.get(key)
        are_tables = isinstance(before, dict) and isinstance(value, dict)
        both[key] = _merged(before, value) if are_tables else value
    return both


TRIAL_FILE = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
SOURCE = {"document": "the case"}


def protocol_of(keys: ProtocolKeys, folder: Path) -> Protocol:
    """Return the protocol of a case: the trial's, or one of a file in a folder that extends it."""
    if keys == ProtocolKeys():
        return Protocol.load("nct06190782")
    trial = tomllib.loads(TRIAL_FILE.read_text(encoding="utf-8"))
    (v20,) = trial["dose_limits"]
    file: dict[str, Any] = {
        "schema_version": 1,
        "extends": "nct06190782",
        "id": "the case",
        "version": "1",
        "title": "NCT06190782 with the rules of a case",
        "sources": {"the case": {"title": "A case of the tests"}},
    }
    for part in ("settings", "criteria"):
        given = getattr(keys, part)
        file[part] = {
            key: trial[part][key] | rule | {"source": SOURCE} for key, rule in given.items()
        }
    if keys.plausible_volumes:
        organs = trial["plausible_volumes"]["organs"]
        given = keys.plausible_volumes.items()
        file["plausible_volumes"] = {
            "organs": {key: organs[key] | rule | {"source": SOURCE} for key, rule in given}
        }
    if keys.grades:
        file["grades"] = {**keys.grades, "source": SOURCE}
    if keys.dose_limits:
        file["dose_limits"] = [v20 | limit | {"source": SOURCE} for limit in keys.dose_limits]
    path = folder / "case.json"
    path.write_text(json.dumps(file), encoding="utf-8")
    return Protocol.load(path)


class Cases:
    """Builds cases; what two of them have in common is built, and measured, once."""

    def __init__(self, build: Build, folder: Path) -> None:
        self._build = build
        self._folder = folder
        self._built: dict[object, Any] = {}

    def of(self, written: WrittenCase) -> Case:
        """Return what the check looks at."""
        case = Case(
            self._once(written.submission, lambda it: submission_of(it, self._build)),
            self._once(written.protocol, lambda it: protocol_of(it, self._folder)),
            register_of(written.register),
            written.subject,
            written.cross_check,
            written.plan_kind,
        )
        # A submission keeps its census and its histograms, and a case begins a new one with what
        # the register says of its ROIs and plans: those who say the same are given the same.
        said = (
            _key(written.submission),
            tuple(sorted(case.submission.roles.items())),
            *(one.selection for one in (case.submission, *case.submission.earlier)),
        )
        object.__setattr__(case, "submission", self._built.setdefault(said, case.submission))
        return case

    def _once(self, keys: Any, build: Callable[[Any], Any]) -> Any:
        key = _key(keys)
        if key not in self._built:
            self._built[key] = build(keys)
        return self._built[key]


def _key(keys: Strict) -> tuple[str, bytes]:
    return type(keys).__name__, msgspec.json.encode(keys, order="deterministic")
