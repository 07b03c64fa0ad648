//! What Python's own library does to texts and dates, over plain values. Knows nothing of templates.

pub mod dates;
pub mod format;
pub mod integer;
pub mod printf;
pub mod words;
