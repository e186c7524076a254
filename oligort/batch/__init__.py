"""Many submissions: found below a folder, checked by workers that may die, reports that stay."""
