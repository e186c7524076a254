"""What a protocol says of tissues: alpha/beta for the EQD2, volumes that organs can have."""

from collections.abc import Iterable

from msgspec import field

from oligort.display import listed, quoted
from oligort.document import Setting
from oligort.geometry.algebra import operand_names, parse
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import Organ, Side
from oligort.protocol.limits import Name
from oligort.protocol.settings import CubicCentimetres, Gray, Number, Percent, Range, record_of
from oligort.protocol.sourced import Strict
from oligort.spelling import nearest


class AlphaBeta(Strict, frozen=True, kw_only=True):
    """Alpha/beta of each tissue, for the EQD2 beside the physical dose; nothing is graded on it.

    Parameters
    ----------
    others : Number
        Of every structure that is not listed.
    structures : dict of str to Number
        By an organ as TG-263 names it ("Lungs"), or by the very structure of a dose limit.
    """

    others: Number[Gray]
    structures: dict[Name, Number[Gray]] = field(default_factory=dict)

    def of(self, structure: str) -> Number[Gray]:
        """Return the alpha/beta of a structure expression: its own, else of what it is cut from.

        "Lungs-GTV" is lung, and so is "Lung_L".
        """
        for name in _names_of(structure):
            if name in self.structures:
                return self.structures[name]
        return self.others

    def refuse_unknown(self, structures: Iterable[str]) -> None:
        """Raise ValueError where a name is of no organ and none of the structures of limits.

        The number of all others would be taken for the one that was meant.
        """
        known = dict.fromkeys(name for one in structures for name in _names_of(one))
        for name in self.structures:
            if name not in known and name not in set(Organ):
                raise ValueError(
                    f"alpha_beta.structures: expected an organ as TG-263 names it, or a structure "
                    f"of a dose limit, found {quoted(name)}{nearest(name, [*known, *Organ])}"
                )

    def records(self) -> tuple[Setting, ...]:
        """Return the numbers in force, for a report."""
        listed_by_name = {f"alpha_beta_{name}": one for name, one in self.structures.items()}
        every = {"alpha_beta": self.others, **listed_by_name}
        return tuple(record_of(name, one.shown, one) for name, one in every.items())


def _names_of(structure: str) -> tuple[str, ...]:
    """Return a structure expression, what it is cut from, and the organ of that."""
    first = operand_names(parse(structure))[0]
    organ = read_roi_name(first).organ
    return (structure, first, *((str(organ),) if organ else ()))


def _is_name_of_tg263(name: str) -> bool:
    """Whether a name is an organ's, "Lungs", or one side's, "Lung_L", to the letter."""
    read = read_roi_name(name)
    if read.side in {Side.LEFT, Side.RIGHT}:
        return read.organ is not None and name.endswith(f"_{read.side}")
    return name in set(Organ)


class PlausibleVolumes(Strict, frozen=True, kw_only=True):
    """How large organs can be: what lies outside is not believed, and no limit is held against it.

    Parameters
    ----------
    smaller_side : Number
        Least share that the smaller of two sides has of both together.
    organs : dict of str to Range
        By an organ as TG-263 names it ("Lungs", "Lung_L").

    Raises
    ------
    ValueError
        If a name is none of an organ: no volume would ever be held against it.
    """

    smaller_side: Number[Percent]
    organs: dict[Name, Range[CubicCentimetres]]

    def __post_init__(self) -> None:
        """Refuse ranges of what is no organ."""
        # By the very words of TG-263: "Lung_Rs" reads as lungs, and is of neither side nor of both.
        unknown = [name for name in self.organs if not _is_name_of_tg263(name)]
        if unknown:
            raise ValueError(
                f"organs: expected organs as TG-263 names them, found {listed(sorted(unknown))}"
                f"{nearest(unknown[0], [*Organ])}"
            )

    def of(self, organ: Organ, side: Side | None) -> Range[CubicCentimetres] | None:
        """Return the range of an organ's side, or of both sides together; None where none is."""
        for name, volumes in self.organs.items():
            read = read_roi_name(name)
            if (read.organ, read.side) == (organ, side):
                return volumes
        return None

    def records(self) -> tuple[Setting, ...]:
        """Return the numbers in force, for a report."""
        smaller = self.smaller_side
        return (
            record_of("plausible_smaller_side", smaller.shown, smaller),
            *(
                record_of(f"plausible_volume_{name}", one.shown, one)
                for name, one in self.organs.items()
            ),
        )
