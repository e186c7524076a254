"""What DICOM cannot know: the clinical register and the classification of the disease."""
