//! Adds what monitors saw to the summary of a run: reports know no store.

use crate::report::{Part, Summary, notes, outliers};
use crate::store::{Run, Series, StoreError};

/// Reads the samples of every round, one after the other: a long run has more of them than one wants to have at once.
pub(super) fn add(run: &Run, summary: &mut Summary) -> Result<(), StoreError> {
    for slice in &mut summary.slices {
        let (from, to) = slice.wanted();
        let samples = run.samples(&slice.host, from, to)?;
        let parts = samples.iter().map(|Series { monitor, columns, rows }| Part { monitor, columns, rows });
        slice.see(&parts.collect::<Vec<_>>());
    }
    summary.notes = notes::of(&summary.slices);
    outliers::explain(summary);
    summary.notes.extend(notes::uncertain(&summary.rows));
    Ok(())
}
