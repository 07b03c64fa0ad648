//! Adds what monitors saw to the summary of a run: reports know no store.

use crate::report::Summary;
use crate::store::{Run, StoreError};

/// Reads the samples of every round, one after the other: a long run has more of them than one wants to have at once.
pub(super) fn add(run: &Run, summary: &mut Summary) -> Result<(), StoreError> {
    for slice in &mut summary.slices {
        for series in run.samples(&slice.host, slice.from, slice.to)? {
            slice.add(&series.monitor, &series.columns, &series.rows);
        }
    }
    Ok(())
}
