"""From ROI names and contours to metastases, counted per organ."""
