"""Meant: whether a file that is no DICOM object should have been one, or holds some.

A damaged object cannot be told from other files by its bytes; its name, its place and whether it
is text tell it. What people and computers leave beside objects is none.
"""

import codecs
import re
from pathlib import PurePosixPath

from oligort.dicom.content import stored_bytes_of
from oligort.dicom.files import Located

DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})
"""Endings of file names that promise a DICOM object."""

PACKED_SUFFIXES = frozenset(
    {
        *(".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".lzma"),
        *(".zst", ".z", ".lz", ".lzh", ".arj", ".cab", ".iso", ".zipx", ".z01", ".partial"),
        ".dcmzip",
    }
)
"""Endings of what holds other files, in ways that are not read here."""

UNFINISHED_SUFFIXES = frozenset(
    {
        *(".part", ".tmp", ".temp", ".bak", ".old", ".orig", ".crdownload", ".download"),
        *(".filepart", ".opdownload", ".!ut", ".aria2", ".incomplete"),
    }
)
"""Endings that programs add while they copy or load a file, and to one that they replace."""

OTHER_SUFFIXES = frozenset(
    {
        *(".txt", ".pdf", ".log", ".xml", ".json", ".csv", ".tsv", ".md", ".rst", ".html", ".htm"),
        *(".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".ico", ".svg", ".mp4", ".avi"),
        *(".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".rtf", ".odt", ".ods", ".msg"),
        *(".eml", ".url", ".lnk", ".ini", ".inf", ".cfg", ".conf", ".toml", ".yaml", ".yml"),
        *(".exe", ".dll", ".bat", ".cmd", ".sh", ".py", ".jar", ".js", ".css", ".db", ".md5"),
        *(".sha1", ".sha256", ".bak~", ".pptm", ".xlsm", ".docm", ".pages", ".numbers", ".key"),
        *(".heic", ".webp", ".mp3", ".nii", ".nrrd", ".mha", ".mhd", ".vtk", ".mo", ".qm", ".so"),
        *(".chm", ".lang", ".scp", ".done", ".ok", ".ready", ".complete", ".finished", ".success"),
        *(".lock", ".flag", ".sem", ".trigger"),
    }
)
"""Endings of what people and computers lay beside objects: no object, whatever the name says."""

OTHER_NAMES = frozenset(
    {
        *("readme", "lockfile", "version", "license", "licence", "changelog", "copying", "notice"),
        *("authors", "install", "news", "todo", "md5sums", "sha1sums", "sha256sums", "icon\r"),
        "log",
    }
)
"""Names without suffix of what viewers and computers lay beside objects."""

_MAGIC = (
    b"\x7fELF",
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    *(b"\xca\xfe\xba\xbe", b"MZ\x90\0"),
    *(b"\x5c\x01\0\0", b"\0\0\x01\x5c", b"NRRD0"),
)
"""How programs (ELF, Mach-O, PE), NIfTI-1 and NRRD images begin."""

_PACKED_OF_OTHERS = re.compile(r"\.(?:nii\.gz|jar\.(?:xz|pack\.gz|pack))$", re.IGNORECASE)
"""What is packed and holds no object: NIfTI images, and the parts of a viewer."""

ENCRYPTED_SUFFIXES = frozenset({".gpg", ".pgp", ".enc", ".aes", ".age", ".axx"})
"""Endings of what was encrypted; what it is lies in the ending before."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""How zip archives begin: with a member, empty, and the first of several parts."""

ZIPPED_SUFFIXES = frozenset(
    {
        *(".docx", ".docm", ".dotx", ".dotm", ".xlsx", ".xlsm", ".xlsb", ".xltx", ".xltm", ".xlam"),
        *(".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".vsdx", ".odt", ".ods", ".odp", ".odg"),
        *(".odf", ".ott", ".ots", ".otp", ".sxw", ".sxc", ".oxt", ".pages", ".numbers", ".key"),
        *(".jar", ".war", ".ear", ".apk", ".ipa", ".xpi", ".crx", ".vsix", ".nupkg", ".whl"),
        *(".egg", ".msix", ".appx", ".epub", ".xps", ".oxps", ".kmz", ".3mf", ".npz", ".mlx"),
        *(".slx", ".vlt", ".wsz", ".nbm", ".air", ".exe", ".dll", ".pak", ".pth", ".mrb"),
        *(".mitk", ".res", ".theme"),
    }
)
"""Endings of documents, programs and their data that are zip archives, and no export."""

_FIRST_OF_DOCUMENT = re.compile(
    rb"(?:\[Content_Types\]\.xml|mimetype|_rels/|docProps/|customXml/|word/|xl/|ppt/|META-INF/"
    rb"|Index/|Metadata/|AndroidManifest\.xml)"
)
"""How the first name in an Office document, an OpenDocument, an e-book or a Java archive begins."""

_NAME_AT = 30
"""Where the name of the first member of a zip archive begins (APPNOTE 4.3.7)."""

_PART = re.compile(r"\.[zr]\d\d")
"""Ending of a later part of an archive in several."""

_LIKE_AN_OBJECT = re.compile(
    r"(?:rtstruct|rtss|rtdose|rtplan|rtrecord|rs|rd|rp|rt|rn|ct|mr|pt|pet|re|reg)"
    r"(?:[^a-z]|$)",
    re.IGNORECASE,
)
"""How exports name objects: by what they are, and a UID or a number behind it."""

_WORD_OF_AN_OBJECT = re.compile(
    r"(?<![A-Za-z])(?:dose|plan|struct)|(?-i:Dose|Plan(?!e)|Struct)", re.IGNORECASE
)
"""Words in a name that say what an object is."""

_LIKE_A_UID = re.compile(r"\d+(?:\.\d+){3,}")

_SUFFIX = re.compile(r"\.(?=\w*[a-z])\w{1,8}", re.IGNORECASE)
"""An ending with a letter; that of a UID is none."""

_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


HEAD_BYTES = 4096
"""How much of a file that is no DICOM object is looked at: whether it is text."""


def why_located_is_meant(entry: Located) -> str:
    """Return why a located file that is no DICOM object should have been read, or ""."""
    head = stored_bytes_of(entry.path, HEAD_BYTES)
    return why_meant(entry.name, head, is_listed=entry.is_listed)


def why_meant(name: str, head: bytes, *, is_listed: bool) -> str:
    """Return why a file that is no DICOM object should have been read, or "" where it should not.

    Parameters
    ----------
    name : str
        Its path in the submission, POSIX style.
    head : bytes
        Its first bytes.
    is_listed : bool
        Whether the index of a medium lists it.
    """
    path = PurePosixPath(name)
    ending = path.suffix.casefold()
    suffix = ending if _SUFFIX.fullmatch(ending) else ""
    inner = PurePosixPath(path.stem).suffix.casefold()
    is_unfinished = ending in UNFINISHED_SUFFIXES
    if is_listed:
        return "the index of its medium lists it as one; export it again"
    if ending.rstrip("_~") in DICOM_SUFFIXES or (is_unfinished and inner in DICOM_SUFFIXES):
        return "it is called one; export it again"
    is_packed = (
        suffix in PACKED_SUFFIXES
        or bool(_PART.fullmatch(ending))
        or (is_unfinished and inner in {".zip", *PACKED_SUFFIXES})
        or _is_zip(suffix, head)
    )
    if is_packed and not _PACKED_OF_OTHERS.search(path.name):
        return "what is packed in it is not seen; unpack it and give the files, or a zip"
    if suffix in ENCRYPTED_SUFFIXES and inner in {"", ".zip", *PACKED_SUFFIXES, *DICOM_SUFFIXES}:
        return "it is encrypted; give the files, or a zip without a password"
    is_called_otherwise = suffix in OTHER_SUFFIXES or path.name.casefold() in OTHER_NAMES
    if is_packed or is_called_otherwise or _is_another(head) or (suffix and not _is_called(path)):
        return ""
    why = "called as objects are" if _is_called(path) else "without an ending, and no text"
    return f"it may be a damaged one, {why}; export it again, or leave it out"


def _is_zip(suffix: str, head: bytes) -> bool:
    """Whether a file is a zip archive by its first bytes, and no document or program that is one.

    Mail filters and careful people change its ending: ".zip_", ".zip.txt".
    """
    return head.startswith(_ZIP) and suffix not in ZIPPED_SUFFIXES and not _is_document(head)


def _is_document(head: bytes) -> bool:
    """Whether the first bytes are those of a document or a program that is a zip archive."""
    return head.startswith(_ZIP) and bool(_FIRST_OF_DOCUMENT.match(head, _NAME_AT))


def _is_called(path: PurePosixPath) -> bool:
    """Whether a name says that a file is an object, whatever its ending."""
    patterns = _LIKE_AN_OBJECT.match, _WORD_OF_AN_OBJECT.search, _LIKE_A_UID.search
    inner = PurePosixPath(path.stem).suffix.casefold()
    return inner in DICOM_SUFFIXES or any(pattern(path.name) for pattern in patterns)


def _is_another(head: bytes) -> bool:
    """Whether the first bytes are those of text, of documents, programs or other images."""
    return head.startswith(_MAGIC) or _is_document(head) or (bool(head) and is_text(head))


def is_text(head: bytes) -> bool:
    """Whether the first bytes of a file are text, in UTF-8 or GBK; blanks alone are none."""
    if _NOT_IN_TEXT.search(head) or (head and not head.strip()):
        return False
    for encoding in ("utf-8", "gbk"):
        try:
            # What is cut off within a character at the end of the head is text too.
            codecs.getincrementaldecoder(encoding)().decode(head, final=False)
        except UnicodeDecodeError:
            continue
        return True
    return False
