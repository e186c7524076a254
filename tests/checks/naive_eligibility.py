"""A second implementation of the criteria, as naive as can be: plain dicts, and every world.

It knows nothing of the package. What a register leaves open is completed in every way, each world
is judged by itself, and a criterion is decided where all worlds agree.
"""

from itertools import product

PASS, MAJOR, MINOR, OPEN, INFO = "PASS", "MAJOR", "MINOR", "NOT_EVALUABLE", "INFO"
ORGANS = ("Liver", "Lungs", "LymphNodes", "Bone", "Brain", "Skin", "Spleen", "Esophagus")
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Of the months of a year that is no leap year; dates of this table lie in 2022 and 2023."""


def decided(grades):
    grades = set(grades)
    return grades.pop() if len(grades) == 1 else OPEN


def answer(table, name, key):
    return table.get(name, {}).get(key, "unknown")


def required(given, wanted):
    return OPEN if given == "unknown" else PASS if given == wanted else MAJOR


def age(table, in_files):
    years = table.get("patient", {}).get("age_years")
    both = years is not None and in_files is not None
    if both and abs(years - in_files) > 1 and (years >= 18) != (in_files >= 18):
        return OPEN
    years = in_files if years is None else years
    return OPEN if years is None else PASS if years >= 18 else MAJOR


def ecog(table):
    status = table.get("patient", {}).get("ecog")
    return OPEN if status is None else PASS if status <= 1 else MAJOR


def genuine(table):
    before = answer(table, "disease", "polymetastatic_before")
    return {"unknown": OPEN, "no": PASS, "yes": MAJOR}[before]


def disseminated(table):
    """Return the grades of both halves of X1."""
    halves = [required(answer(table, "history", "disseminated_metastases"), "no"), genuine(table)]
    return sorted(grade for grade in halves if grade != OPEN) + [OPEN] * (OPEN in halves)


# ------------------------------------------------------------------------------- the tree


def days_of(written):
    """Every day, as (year, month, day), that a date written in part may be."""
    parts = [int(part) for part in written.split("-")]
    months = [parts[1]] if len(parts) > 1 else range(1, 13)
    for month in months:
        for day in [parts[2]] if len(parts) > 2 else range(1, DAYS[month - 1] + 1):
            yield parts[0], month, day


def later_by_more_than(months, first, second):
    """Whether the second day lies more than some calendar months after the first."""
    year, month, day = first
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return second > (year, month, min(day, DAYS[month - 1]))


def metachronous(table):
    first, second = (
        table.get("disease", {}).get(key)
        for key in ("primary_diagnosis_date", "oligometastasis_date")
    )
    if first is None or second is None:
        return "unknown"
    answers = {later_by_more_than(6, a, b) for a in days_of(first) for b in days_of(second)}
    return "unknown" if len(answers) == 2 else "yes" if answers == {True} else "no"


def leaf(table):
    """Return the leaf of the tree, or the key of the question that nobody answered."""
    q1, q2, q4, q5 = (
        answer(table, "disease", key)
        for key in ("polymetastatic_before", "oligometastatic_before", "under_systemic_therapy",
                    "any_lesion_progressive")
    )  # fmt: skip
    if q1 == "unknown":
        return "?polymetastatic_before"
    if q1 == "no" and q2 == "unknown":
        return "?oligometastatic_before"
    state = "induced" if q1 == "yes" else "repeat" if q2 == "yes" else "metachronous"
    if state == "metachronous":
        q3 = metachronous(table)
        if q3 == "unknown":
            return "?oligometastasis_date"
        if q3 == "no":
            return "synchronous oligometastatic disease"
    if q4 == "unknown":
        return "?under_systemic_therapy"
    if q4 == "no":
        return f"{state} oligorecurrence"
    if q5 == "unknown":
        return "?any_lesion_progressive"
    if q5 == "yes":
        return f"{state} oligoprogression"
    return "unclassified" if state == "metachronous" else f"{state} oligopersistence"


# ------------------------------------------------------------------------------- counting


def in_doubt(lesion, table):
    """Whether the organ leaves open if a lesion is the primary or a distant metastasis.

    A primary of the oesophagus lies in it, or at its junction with the stomach; what lies in the
    oesophagus is no distant metastasis for certain. Only "no" says that the primary is another's.
    """
    if answer(table, "disease", "oesophageal_squamous_cell_carcinoma") == "no":
        return False
    organ = lesion.get("organ")
    return {
        "primary": organ not in ("Esophagus", "Stomach"),
        "distant": organ == "Esophagus",
    }.get(lesion.get("kind"), False)


def completions(lesion, number, table):
    """Every (kind, organ, side, station) that an entry may stand for."""
    kinds = [lesion["kind"]] if "kind" in lesion else ["primary", "regional_node", "distant"]
    if in_doubt(lesion, table):
        kinds = ["primary", "distant"]
    organs = [lesion["organ"]] if "organ" in lesion else ORGANS
    for kind, named_organ in product(kinds, organs):
        is_elsewhere = kind == "regional_node" and named_organ != "LymphNodes"
        if is_elsewhere and "organ" in lesion and "kind" not in lesion:
            continue  # what lies elsewhere is no regional node
        organ = "LymphNodes" if is_elsewhere else named_organ
        sides = [lesion["side"]] if "side" in lesion else ["L", "R"]
        stations = [lesion["station"]] if "station" in lesion else ["1", "2", f"new {number}"]
        for side, station in product(
            sides if organ == "Lungs" else [""], stations if organ == "LymphNodes" else [""]
        ):
            yield kind, organ, side, station


def count(world, settings):
    """How many metastases a world holds."""
    regional = [one for one in world if one[0] == "regional_node"]
    distant = [one for one in world if one[0] == "distant"]
    nodes = [one for one in distant if one[1] == "LymphNodes"]
    number = len(distant) - len(nodes)
    by_station = settings["non_regional_nodes"] == "each_station"
    number += len({one[3] for one in nodes}) if by_station else len(nodes)
    number += {
        "not_counted": 0,
        "all_as_one": min(1, len(regional)),
        "each_station": len({one[3] for one in regional}),
        "each_node": len(regional),
    }[settings["regional_nodes"]]
    return number


def fullest(world, settings):
    """How many metastases lie in the organ that holds most."""

    def organ_of(one):
        _, organ, side, station = one
        if organ == "Lungs" and settings["paired_organs"] == "two_organs":
            return organ, side
        if organ == "LymphNodes" and settings["nodes_per_organ"] == "each_station":
            return organ, station
        return organ, ""

    organs = {organ_of(one) for one in world}
    return max(
        (count([one for one in world if organ_of(one) == organ], settings) for organ in organs),
        default=0,
    )


def numbers(table, settings):
    """Return the grades of I4i and I4ii."""
    lesions = table["lesions"]
    if not lesions:
        return OPEN, OPEN
    worlds = list(
        product(*(list(completions(one, number, table)) for number, one in enumerate(lesions)))
    )
    in_all = decided(PASS if count(world, settings) <= 4 else MAJOR for world in worlds)
    in_one = decided(PASS if fullest(world, settings) <= 3 else MAJOR for world in worlds)
    if is_unplaced(table):
        # What is drawn for it may be any ROI: no number passes.
        in_all, in_one = (MAJOR if grade == MAJOR else OPEN for grade in (in_all, in_one))
    return in_all, in_one


def is_unplaced(table):
    """Whether an entry does not say what is drawn for it, nor that nothing is."""
    return any("unnamed" in one for one in table["lesions"])


# ----------------------------------------------------------------------------------- sizes


def within(mm, settings):
    return mm < 50 if settings["relation"] == "<" else mm <= 50


def size(lesion, settings, table):
    """Return the grade and whether there is a query, or None where the lesion is not counted."""
    kind = lesion.get("kind")
    is_odd = in_doubt(lesion, table)
    if (kind == "primary" and not is_odd) or (
        kind == "regional_node" and settings["regional_nodes"] == "not_counted"
    ):
        return None
    organ = "LymphNodes" if kind == "regional_node" else lesion.get("organ")
    longest = "3d" if settings["diameter_reading"] == "maximum_3d" else "axial"
    readings = [longest]
    if settings["nodal_size"] == "short_axis":
        readings = (
            ["short"] if organ == "LymphNodes" else [longest] if organ else [longest, "short"]
        )
    results = [size_by(lesion, settings, reading, is_odd) for reading in readings]
    if len({grade for grade, _ in results}) > 1:
        return OPEN, False
    return results[0]


def size_by(lesion, settings, reading, is_odd):
    low, high = stated(lesion, reading)
    if "drawn" not in lesion:
        grade = decided(PASS if within(mm, settings) else MAJOR for mm in (low, high))
        may_be_primary = is_odd or "kind" not in lesion
        is_long = grade == PASS and not within(lesion.get("maximum_3d_mm", 0), settings)
        is_in_cm = grade == PASS and high < 10 and not within(high * 10, settings)
        return OPEN if may_be_primary and grade == MAJOR else grade, is_long or is_in_cm
    mm = lesion["drawn"][reading]
    fits = within(mm, settings)
    if not fits and ("kind" not in lesion or is_odd):
        return OPEN, False  # it may be the primary
    by_register = {within(low, settings), within(high, settings)}
    if len(by_register) == 1 and by_register != {fits}:
        return OPEN, True
    keys = {"axial": "size_mm", "short": "short_axis_mm", "3d": "maximum_3d_mm"}
    differs = any(
        key in lesion and abs(lesion[key] - lesion["drawn"][one]) > 10 for one, key in keys.items()
    )
    is_long = fits and not within(lesion["drawn"]["3d"], settings)
    return PASS if fits else MAJOR, differs or is_long


def stated(lesion, reading):
    """Return the least and the most that a diameter may be, as the register gives others."""
    short, axial, in_3d = (lesion.get(key) for key in ("short_axis_mm", "size_mm", "maximum_3d_mm"))
    own, below, above = {
        "short": (short, [], [axial, in_3d]),
        "axial": (axial, [short], [in_3d]),
        "3d": (in_3d, [short, axial], []),
    }[reading]
    if own is not None:
        return own, own
    least = max([mm for mm in below if mm is not None], default=0.001)
    return least, min([mm for mm in above if mm is not None], default=10_000)


# -------------------------------------------------------------------- pathology, therapy, arm


def pathology(table):
    """Return the grade of I5: whether any lesion is a distant metastasis and was proven."""
    lesions = table["lesions"]
    if not any(one.get("kind") in (None, "distant") for one in lesions):
        return OPEN
    worlds = product(*(proofs(one, table) for one in lesions))
    return decided(PASS if any(world) else MAJOR for world in worlds)


def proofs(lesion, table):
    """Whether the lesion is a distant metastasis that was proven, in each world."""
    proven = {"yes": {True}, "no": {False}}.get(lesion.get("pathology"), {True, False})
    is_open = "kind" not in lesion or in_doubt(lesion, table)
    if lesion.get("kind") == "distant" and "organ" not in lesion:
        # It may lie in the oesophagus.
        is_open = in_doubt(lesion | {"organ": "Esophagus"}, table)
    if is_open:
        return proven | {False}
    return proven if lesion["kind"] == "distant" else {False}


def therapy(table):
    if table.get("arm") == "no_local_therapy":
        return {INFO}
    found = set()
    for one in table["lesions"]:
        if one.get("kind") not in (None, "distant"):
            continue
        given, reason = one.get("therapy", "unknown"), one.get("no_therapy_reason")
        if given == "unknown":
            found.add(OPEN)
        elif given == "none" and not reason:
            found.add(MINOR if "kind" in one else OPEN)
        else:
            found.add(PASS)
    if not any(one.get("kind") == "distant" for one in table["lesions"]):
        return {OPEN}  # nobody says that any of them is one to be treated
    return found - {PASS} or {PASS}


def arm(table, asked, is_planned):
    kind = asked or table.get("plan_kind")
    match table.get("arm"):
        case None:
            return INFO if not is_planned or kind == "screening" else OPEN
        case "local_therapy":
            return PASS
        case _ if not is_planned:
            irradiated = any(
                one.get("kind") in (None, "distant") and one.get("therapy") == "radiotherapy"
                for one in table["lesions"]
            )
            return OPEN if irradiated else PASS
        case _:
            return {None: OPEN, "screening": PASS, "delivered": MAJOR}[kind]
