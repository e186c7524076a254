"""The words for what an ROI is: its role, its organ, its side."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What an ROI stands for."""

    GTV_PRIMARY = "gtv_primary"
    GTV_NODE = "gtv_node"
    GTV_METASTASIS = "gtv_metastasis"
    GTV = "gtv"
    CTV = "ctv"
    ITV = "itv"
    PTV = "ptv"
    ORGAN = "organ"
    EXTERNAL = "external"
    UNION = "union"
    RING = "ring"
    HELPER = "helper"
    UNKNOWN = "unknown"


GTV_ROLES = frozenset({Role.GTV, Role.GTV_PRIMARY, Role.GTV_NODE, Role.GTV_METASTASIS})
"""The roles of gross tumour: what "GTV" stands for in an expression, and what is measured."""


class Organ(StrEnum):
    """Organs in the groups that a protocol counts by, in the words of TG-263.

    Paired organs are one group (Lungs, Adrenals, Kidneys, ...), the skeleton is Bone, and all
    lymph nodes are LymphNodes.
    """

    LUNGS = "Lungs"
    LIVER = "Liver"
    BRAIN = "Brain"
    BONE = "Bone"
    LYMPH_NODES = "LymphNodes"
    ADRENALS = "Adrenals"
    KIDNEYS = "Kidneys"
    SPLEEN = "Spleen"
    PANCREAS = "Pancreas"
    PLEURA = "Pleura"
    PERITONEUM = "Peritoneum"
    SOFT_TISSUE = "SoftTissue"
    SKIN = "Skin"
    BREASTS = "Breasts"
    OVARIES = "Ovaries"
    ESOPHAGUS = "Esophagus"
    STOMACH = "Stomach"
    BOWEL = "Bowel"
    RECTUM = "Rectum"
    BLADDER = "Bladder"
    PROSTATE = "Prostate"
    UTERUS = "Uterus"
    HEART = "Heart"
    GREAT_VESSELS = "GreatVes"
    TRACHEA = "Trachea"
    BRONCHUS = "Bronchus"
    CHEST_WALL = "Chestwall"
    SPINAL_CORD = "SpinalCord"
    BRAINSTEM = "Brainstem"
    THYROID = "Thyroid"
    PAROTIDS = "Parotids"
    EYES = "Eyes"

    @classmethod
    def other_words(cls) -> Mapping[str, str]:
        """Return what people write for a word, in small letters, with the word."""
        spelt = {
            cls.BONE: (
                "spine, rib, ribs, vertebra, vertebrae, skeleton, pelvis, sacrum, femur, sternum, "
                "skull, knochen, rippe, wirbel, wirbelsaule, becken, bot, wervel, wervelkolom, os, "
                "vertebre, cote"
            ),
            cls.LYMPH_NODES: (
                "ln, lns, lymph node, lymph nodes, node, nodes, nodal, lymphknoten, lk, "
                "lymfeklier, lymfeklieren, ganglion, ganglions"
            ),
            cls.BRAIN: "cns, cerebrum, hirn, gehirn, grosshirn, hersenen, cerveau",
            cls.ESOPHAGUS: "oesophagus, eso, speiserohre, slokdarm, oesophage, osophagus",
            cls.LIVER: "leber, lever, foie, hepatic, livre",
            cls.LUNGS: "lunge, lungen, long, longen, poumon, poumons, pulmonary",
            cls.ADRENALS: "nebenniere, nebennieren, bijnier, bijnieren, surrenale, surrenales",
            cls.KIDNEYS: "niere, nieren, nier, rein, reins",
            cls.SPLEEN: "milz, milt, rate",
            cls.PANCREAS: "bauchspeicheldruse, pankreas, alvleesklier",
            cls.PLEURA: "rippenfell, borstvlies, plevre",
            cls.PERITONEUM: "bauchfell, buikvlies, peritoine",
            cls.SKIN: "haut, huid, peau",
            cls.SOFT_TISSUE: "weichteile, weichteil, weke delen, tissus mous, muscle, muskel",
            cls.STOMACH: "magen, maag, estomac",
            cls.HEART: "herz, hart, coeur",
            cls.BLADDER: "blase, harnblase, blaas, vessie",
        }
        return {word: organ for organ, words in spelt.items() for word in words.split(", ")}

    @property
    def counted_in(self) -> "Organ":
        """The organ that it counts in: itself, or the one that it is a part of."""
        return Organ.BRAIN if self is Organ.BRAINSTEM else self

    def counts_with(self, other: "Organ") -> bool:
        """Whether what lies in either counts in one organ."""
        return self.counted_in is other.counted_in

    def is_in(self, whole: "Organ") -> bool:
        """Whether it is an organ, or a part of it."""
        return whole in (self, self.counted_in)


class Side(StrEnum):
    """Which of a pair."""

    LEFT = "L"
    RIGHT = "R"
    BOTH = ""
