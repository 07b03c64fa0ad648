//! Units of figures.
