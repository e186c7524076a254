"""read: a folder, or several files, in; one Submission out, the same whatever the file order."""

import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from pydicom.dataset import Dataset

from oligort.dicom.age import age_years_of
from oligort.dicom.content import bounded_unfolding
from oligort.dicom.doubtful_text import tells_of_text
from oligort.dicom.elements import text, title
from oligort.dicom.files import Found, Located, opened
from oligort.dicom.identity import Masking, masking
from oligort.dicom.identity_left import IdentitiesLeft, Said, Stated
from oligort.dicom.images import ImageHeader, NoPlaceError, grouped, read_image
from oligort.dicom.images import Said as SaidOfSeries
from oligort.dicom.instance import Recognised, read_object, recognise
from oligort.dicom.meant import why_located_is_meant
from oligort.dicom.one_object import Twins
from oligort.dicom.registration import read_registration
from oligort.dicom.repeats import RepeatedError
from oligort.dicom.rtdose import read_dose
from oligort.dicom.rtplan import doubts_of_plan, read_plan, without_identity
from oligort.dicom.rtstruct import read_structure_set
from oligort.dicom.sop_class import Kind, told_of
from oligort.dicom.unread_dose import not_read_whole, unread_dose
from oligort.display import quoted
from oligort.errors import DicomError, NotDicomError, NothingReadError
from oligort.frames import in_one_frame
from oligort.geometry.structure import StructureSet
from oligort.objects import (
    Dose,
    Fault,
    FaultKind,
    FileDigest,
    ImageSource,
    LeftAlone,
    Plan,
    Registration,
    file_key,
)
from oligort.submission import Submission

NO_MEMORY = "there is not enough memory to read it"
MAX_NAMED_FAULTS = 3
"""How many faults the error over a folder without any readable object tells."""


def read(*paths: str | Path, without: str | Path | Iterable[str | Path] = ()) -> Submission:
    """Read the DICOM objects of one patient's export.

    Parameters
    ----------
    *paths : str or Path
        Folders, searched at any depth, files, zip archives (also those in a folder) and the index
        of a DICOM medium (DICOMDIR).
    without : str, Path or iterable of them
        What is left out of these folders: the export of an earlier course that lies in one.

    Returns
    -------
    Submission
        Structure sets, doses, plans and registrations in the order of their file names, image
        series in that of their UIDs, and a fault for each file, or part of one, that could not be
        used. Objects of kinds that are not used (fiducials ...) are left alone, and treatment
        records with them: it is only told that they are there.
        Of copies of an object, written in one way or another, one is kept.

    Raises
    ------
    DicomError
        If a path does not exist, or nothing that was found can be read.
    """
    with opened(paths, without) as found:
        return read_found(found)


def read_found(source: Found) -> Submission:
    """Read the DICOM objects among files that are found already; refused as `read` does."""
    late: dict[str, Said] = {}
    with bounded_unfolding():
        reading = _read(source, late)
        if late:
            # A name that stands behind what it is to be masked in: all again, as it is known now.
            reading = _read(source, late)
    return reading.submission(file_count=len(source.files))


def _read(source: Found, late: dict[str, Said]) -> "_Reading":
    """Read all files; what is known late of a patient is put into `late`, by file, and is masked.

    Late is what stands out of its order, behind the elements that tell what a file is.
    """
    faults = list(source.faults)
    recognised: list[tuple[Located, Recognised, bool]] = []
    names: set[str] = set()
    identities_left = IdentitiesLeft()
    stated: list[tuple[str, tuple[Stated, ...]]] = []
    for name, said in late.items():
        stated.append((name, said.stated))
        names |= said.identities
    for entry in source.files:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                found = recognise(entry.path)
                for elements in (found.header, *found.hidden):
                    said = identities_left.said_in(elements)
                    stated.append((entry.name, said.stated))
                    names |= said.identities
        except DicomError as error:
            faults.append(_unrecognised(entry, error))
        except MemoryError:
            faults.append(Fault(entry.name, NO_MEMORY))
        else:
            recognised.append((entry, found, tells_of_text(caught, found.header)))

    masked = masking(names)
    shown = [replace(fault, file=masked.path(fault.file)) for fault in faults]
    for name, of_file in stated:
        identities_left.note(of_file, masked.path(name))
    for entry in source.files:
        identities_left.note_path(entry.name, masked.path(entry.name))
    reading = _Reading(masked, shown, identities_left, late)
    for entry, found, is_damaged in recognised:
        if found.kind is Kind.UNUSED:
            with suppress(DicomError):  # what cannot be read of it says nothing, here or elsewhere
                reading.note_late(found, found.header, entry.name)
            file = masked.path(entry.name)
            reading.left_alone.append(LeftAlone(masked.label(found.calls_itself), file))
            if told := told_of(found.header):
                reading.faults.append(Fault(file, told, FaultKind.FOREIGN))
        else:
            keys = frozenset({file_key(entry.name), file_key(PurePosixPath(entry.name).name)})
            reading.add(found, entry, keys, is_damaged)
    return reading


def _unrecognised(entry: Located, error: DicomError) -> Fault:
    """Return the fault of a file that cannot be read; one that is no object may be meant as one."""
    if not isinstance(error, NotDicomError):
        return Fault(entry.name, str(error))
    if reason := why_located_is_meant(entry):
        return Fault(entry.name, f"{error}: {reason}")
    return Fault(entry.name, str(error), FaultKind.FOREIGN)


@dataclass(frozen=True)
class _WithoutPlace:
    """An image that does not say where it lies; `reason` is what it lacks."""

    file: str
    calls_itself: str
    series_instance_uid: str
    sop_instance_uid: str
    reason: str


@dataclass
class _Reading:
    """The objects read so far."""

    masked: Masking
    faults: list[Fault]
    identities_left: IdentitiesLeft
    late: dict[str, Said]
    structure_sets: list[StructureSet] = field(default_factory=list)
    doses: list[Dose] = field(default_factory=list)
    unread_doses: list[Dose] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    registrations: list[Registration] = field(default_factory=list)
    images: list[ImageHeader] = field(default_factory=list)
    image_texts: dict[tuple[bytes | str, ...], SaidOfSeries] = field(default_factory=dict)
    digests: list[FileDigest] = field(default_factory=list)
    ages_years: set[int] = field(default_factory=set)
    treatment_records: list[str] = field(default_factory=list)
    left_alone: list[LeftAlone] = field(default_factory=list)
    without_place: list[_WithoutPlace] = field(default_factory=list)
    seen: dict[str, Twins] = field(default_factory=dict)
    said: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(
        self, recognised: Recognised, entry: Located, file_keys: frozenset[str], is_damaged: bool
    ) -> None:
        """Read one file, shown by its name masked; what is wrong with it becomes a fault.

        Of copies the first is kept; a doubt is only told of an object that is kept.
        `is_damaged` is whether text that has been read already does not fit its character set.
        """
        kind = recognised.kind
        file = self.masked.path(entry.name)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                dataset, digest = (
                    recognised.image_header() if kind.is_image else read_object(recognised.path)
                )
                uid = text(dataset, "SOPInstanceUID")
                twins = self.seen.setdefault(uid, Twins(are_compared=bool(uid)))
                if twins.hold(digest, entry.path, kind):
                    return
                self.note_late(recognised, dataset, entry.name)
                self._keep(kind, dataset, file, digest, file_keys=file_keys, entry=entry)
                self._note_subject(dataset, file)
                self._note_identity(kind, dataset, file)
            except NoPlaceError as error:
                of_series = text(dataset, "SeriesInstanceUID")
                self.without_place.append(
                    _WithoutPlace(file, recognised.calls_itself, of_series, uid, str(error))
                )
                return
            except DicomError as error:
                if isinstance(error, RepeatedError):
                    self._note_all(recognised, error.datasets, entry.name)
                self.faults.append(Fault(file, str(error)))
                self.unread_doses += unread_dose(recognised, self.faults[-1], file_keys)
                return
            except MemoryError:
                self.faults.append(Fault(file, NO_MEMORY))
                self.unread_doses += unread_dose(recognised, self.faults[-1], file_keys)
                return
        if twins.file and uid:
            self.faults.append(
                Fault(
                    file,
                    "two different objects share one SOP Instance UID (0008,0018): this file and "
                    f'"{twins.file}"; both are kept, name them by file',
                    FaultKind.DOUBT,
                )
            )
        twins.keep(digest, entry.path, kind, file)
        if is_damaged or tells_of_text(caught, dataset):
            self.faults.append(
                Fault(
                    file,
                    "some of its text does not fit the character set that it declares; "
                    "names in it may be damaged",
                    FaultKind.DOUBT,
                )
            )

    def _keep(
        self,
        kind: Kind,
        dataset: Dataset,
        file: str,
        digest: str,
        *,
        file_keys: frozenset[str],
        entry: Located,
    ) -> None:
        match kind:
            case Kind.RTSTRUCT:
                structure_set, faults = read_structure_set(dataset, file, self.masked)
                self.structure_sets.append(structure_set)
                self.faults.extend(faults)
            case Kind.RTDOSE:
                self.doses.append(replace(read_dose(dataset, file), file_keys=file_keys))
            case Kind.RTPLAN | Kind.RTIONPLAN:
                plan = read_plan(dataset, file, kind.value)
                doubts = doubts_of_plan(dataset)
                self.faults += [Fault(file, doubt, FaultKind.DOUBT) for doubt in doubts]
                self.plans.append(without_identity(plan, self.masked, file_keys))
            case Kind.REG:
                self.registrations.append(read_registration(dataset, file))
            case Kind.RTRECORD:
                self.treatment_records.append(file)
            case _:
                header = read_image(dataset, file, kind.value, digest, self.image_texts)
                self.images.append(replace(header, source=_source_of(header, entry)))
                return
        self.digests.append(FileDigest(kind.value, text(dataset, "SOPInstanceUID"), file, digest))

    def note_late(self, recognised: Recognised, dataset: Dataset, name: str) -> None:
        """Keep what a file says of the patient behind its header, if it does.

        Raises
        ------
        DicomError
            If that cannot be read.
        """
        kind = recognised.kind
        behind = recognised.behind_header() if kind is Kind.UNUSED else None
        whole = dataset if behind is None else behind
        if whole is recognised.header:
            return
        if kind.is_image or behind is not None:
            file = self.masked.path(name)
            self.identities_left.note_behind_patient(whole, file, recognised.header.keys())
        said = self.identities_left.said_late(recognised.header, whole)
        if said is not None:
            known = self.late.get(name, Said((), frozenset()))
            stated = tuple(dict.fromkeys((*known.stated, *said.stated)))
            self.late[name] = Said(stated, known.identities | said.identities)

    def _note_all(self, recognised: Recognised, datasets: Iterable[Dataset], name: str) -> None:
        """Keep what an object that is refused says of the patient, each time that it says it."""
        for dataset in datasets:
            with suppress(DicomError):
                self.note_late(recognised, dataset, name)
                self._note_identity(recognised.kind, dataset, self.masked.path(name))

    def _note_subject(self, dataset: Dataset, file: str) -> None:
        for keyword in ("ClinicalTrialSubjectID", "ClinicalTrialSiteID"):
            if value := text(dataset, keyword):
                self.said.setdefault(keyword, {}).setdefault(value, file)
        age_years = age_years_of(text(dataset, "PatientAge"))
        if age_years is not None:
            self.ages_years.add(age_years)

    def _note_identity(self, kind: Kind, dataset: Dataset, file: str) -> None:
        """Keep what was not seen yet: what stands behind the patient, and the texts."""
        if not kind.is_image:
            self.identities_left.note_behind_patient(dataset, file)
        self.identities_left.note_texts(dataset, file, self.masked)

    def _one_of(self, keyword: str) -> str:
        """Return what every object says that says anything; "" and a fault where they differ."""
        said = self.said.get(keyword, {})
        if len(said) > 1:
            first, other, *_ = said.values()
            self.faults.append(
                Fault(
                    other,
                    f"it names another {title(keyword)} than {quoted(first)} does",
                    FaultKind.DOUBT,
                )
            )
        return next(iter(said)) if len(said) == 1 else ""

    @property
    def _holds_any(self) -> bool:
        return bool(self.structure_sets or self.doses or self.plans or self.images)

    def _settle_without_place(self) -> None:
        """Leave images without a place alone that nothing needs; the others are faults."""
        placed = {header.series_instance_uid for header in self.images}
        drawn_on = [s.referenced_series_uids | s.referenced_image_uids for s in self.structure_sets]
        needed = placed.union(*drawn_on) - {""}
        for image in self.without_place:
            if self._holds_any and needed.isdisjoint(
                {image.series_instance_uid, image.sop_instance_uid}
            ):
                kind = self.masked.label(f"{image.calls_itself} without a place")
                self.left_alone.append(LeftAlone(kind, image.file))
            else:
                self.faults.append(Fault(image.file, image.reason))

    def submission(self, file_count: int) -> Submission:
        """Return what was read.

        Raises
        ------
        DicomError
            If that is nothing.
        """
        self._settle_without_place()
        if not self._holds_any:
            told = sorted(self.faults, key=_place)[:MAX_NAMED_FAULTS]
            reasons = tuple((quoted(fault.file), fault.reason) for fault in told)
            raise NothingReadError(file_count, reasons)
        series = grouped(self.images, self.masked)
        trial_subject_id, trial_site_id = (
            self._one_of(keyword) for keyword in ("ClinicalTrialSubjectID", "ClinicalTrialSiteID")
        )
        dose_frames = [dose.frame_of_reference_uid for dose in self.doses if dose.grid is not None]
        return Submission(
            structure_sets=tuple(
                in_one_frame(one, self.registrations, dose_frames) for one in self.structure_sets
            ),
            doses=(*self.doses, *not_read_whole(self.unread_doses, self.doses)),
            plans=tuple(self.plans),
            images=tuple(each for each, _ in series),
            faults=tuple(sorted(self.faults, key=_place)),
            provenance=(*self.digests, *(digest for _, digest in series)),
            registrations=tuple(self.registrations),
            trial_subject_id=trial_subject_id,
            trial_site_id=trial_site_id,
            stated_subjects=tuple(self.said.get("ClinicalTrialSubjectID", {}).items()),
            patient_age_years=min(self.ages_years, default=None),
            oldest_age_years=max(self.ages_years) if len(self.ages_years) > 1 else None,
            treatment_records=tuple(self.treatment_records),
            identity_left=self.identities_left.found(),
            left_alone=tuple(self.left_alone),
            masker=self.masked,
        )


def _source_of(header: ImageHeader, entry: Located) -> ImageSource:
    """Return where an image can be read again: an archive is unpacked for this reading alone."""
    if entry.archive is None:
        return ImageSource(header.sop_instance_uid, entry.path)
    return ImageSource(header.sop_instance_uid, entry.archive, entry.member)


def _place(fault: Fault) -> tuple[str, str]:
    return fault.file, fault.reason
