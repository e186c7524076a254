"""The reader: DICOM objects in, the types of oligort out."""
