//! Pure pictures: viewport, lanes, marks, axes, theme.
