"""Remarks on a protocol that can be applied as it stands, and perhaps not as it was meant."""

from collections.abc import Iterator

from oligort.display import quoted
from oligort.dose.metric import Metric
from oligort.geometry.algebra import operand_names, parse
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import Role
from oligort.protocol.model import Protocol, sources_in
from oligort.protocol.sourced import ASSUMPTION
from oligort.strict import path_of

OF_MUCH_DOSE = frozenset({"V", "D", "Mean", "Min", "Max", "gEUD"})
"""Kinds of metrics that grow with the dose."""


def remarks_on(protocol: Protocol) -> Iterator[str]:
    """Yield what its writer should look at once more, each with its path of keys.

    No dose limit at all, organs that must receive much, names of structures that no table of names
    knows (an ROI must then have that very name), plausible volumes of organs without a limit,
    sources without a section, and documents that nothing refers to.
    """
    if not protocol.dose_limits:
        yield "dose_limits: there is none: no dose is held against anything"
    for limit in protocol.dose_limits:
        where = f"dose_limits ({limit.metric} of {limit.structure})"
        expressions = (limit.structure, *limit.family, *limit.parts)
        names = dict.fromkeys(name for one in expressions for name in operand_names(parse(one)))
        for name, read in ((name, read_roi_name(name)) for name in names):
            if read.role is Role.UNKNOWN:
                like = f", like {quoted(read.nearest)}" if read.nearest else ""
                yield (
                    f"{where}: {quoted(name)} is no name of TG-263 and no role{like}: only an ROI "
                    f"of that very name is meant"
                )
        kind, first = Metric.parse(limit.metric).kind, read_roi_name(next(iter(names)))
        if kind in OF_MUCH_DOSE and limit.relation[0] == ">" and first.role is Role.ORGAN:
            yield (
                f"{where}: {limit.relation} {limit.limit:g} {limit.unit} is kept by an organ that "
                f"receives much; is <= meant?"
            )
    limited = {
        read_roi_name(name).organ
        for limit in protocol.dose_limits
        for name in operand_names(parse(limit.structure))
    }
    for name in protocol.plausible_volumes.organs if protocol.plausible_volumes else ():
        if read_roi_name(name).organ not in limited:
            yield (
                f"plausible_volumes.organs.{name}: no dose limit is about it, so that no volume is "
                f"held against it"
            )
    cited = set()
    for steps, source in sources_in(protocol):
        cited.add(source.document)
        if source.document != ASSUMPTION and not source.section:
            yield f"{path_of(steps)}: {quoted(source.document)} is cited without a section"
    for name in protocol.sources:
        if name not in cited:
            yield f"sources: nothing refers to {quoted(name)}"
