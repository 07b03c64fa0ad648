//! The reference values that the figures of a play's cases are held against: which file, and whether it speaks of the same figures.

use std::path::PathBuf;
use std::sync::Arc;

use super::Surroundings;
use super::build::Build;
use crate::base::baseline::Baseline;
use crate::base::{CaseId, Diagnostic, Unit};
use crate::load::read_baseline;
use crate::model::{Better, Metric};

impl Build<'_> {
    /// The file that the command line names, or else the play's own, which is looked for beside the playbook.
    pub(super) fn baseline(&mut self, around: &Surroundings) -> Option<Arc<Baseline>> {
        let written = self.play.baseline.clone();
        let (path, span) = match (&self.compiler.options.baseline, written) {
            (Some(path), _) => (path.clone(), None),
            (None, Some(written)) => {
                let name = self.found.keep(self.known.text(around, &written, "`baseline`"))?;
                (self.play.folder.join(PathBuf::from(name)), Some(written.span))
            }
            (None, None) => return None,
        };
        match read_baseline(&**self.compiler.project.loader.files(), &path, span.as_ref()) {
            Ok(baseline) => Some(Arc::new(baseline)),
            Err(problems) => {
                self.found.extend(problems);
                None
            }
        }
    }

    /// Figures that cannot be held against their reference are found before anything is measured.
    pub(super) fn against(&mut self, baseline: Option<&Arc<Baseline>>, case: &CaseId, metrics: &[Metric]) {
        let references = baseline.into_iter().flat_map(|baseline| &baseline.references);
        for reference in references.filter(|reference| reference.case == *case) {
            let Some(metric) = metrics.iter().find(|metric| *metric.name.value == *reference.figure) else {
                let message = format!("{case} has no figure `{}`", reference.figure);
                let known = metrics.iter().map(|metric| &*metric.name.value);
                let problem = Diagnostic::error("unlike-figures", message).at(&reference.span);
                let problem = problem.suggest(&reference.figure, known);
                self.found.push(problem.help("make the baseline anew, or take the figure out of it"));
                continue;
            };
            let (name, place) = (&metric.name.value, metric.unit.span.file_line());
            let message = if !reference.unit.converts_to(&Unit::parse(&metric.unit)) {
                format!(
                    "`{name}` of {case} is in `{}` here and in `{}` at {place}",
                    reference.unit, metric.unit.value
                )
            } else if reference.higher_is_better != (metric.better == Better::Higher) {
                format!("`{name}` of {case} has another `better` here than at {place}")
            } else {
                continue;
            };
            let problem = Diagnostic::error("unlike-figures", message).at(&reference.span);
            self.found.push(problem.help("make the baseline anew: `benchbook baseline make RUN --out FILE`"));
        }
    }
}

/// `baseline - 5 %`: what is asked of a figure on the hosts of a case.
pub(super) fn words(baseline: &Baseline, case: &CaseId, metric: &Metric) -> Option<String> {
    // What is said of all of them stands there already.
    if metric.expect.iter().any(|expect| expect.is_of_baseline() && expect.r#where.is_empty()) {
        return None;
    }
    let about = |reference: &&crate::base::baseline::Reference| {
        reference.case == *case && *metric.name.value == *reference.figure
    };
    let mut shares: Vec<f64> =
        baseline.references.iter().filter(about).map(|reference| baseline.tolerance_of(reference)).collect();
    shares.sort_by(f64::total_cmp);
    let percent = |share: f64| format!("{}", (share * 1000.0).round() / 10.0);
    let share = match (*shares.first()?, *shares.last()?) {
        (least, most) if least.total_cmp(&most).is_eq() => percent(least),
        (least, most) => format!("{}…{}", percent(least), percent(most)),
    };
    Some(match metric.better {
        Better::Higher => format!("≥ baseline - {share} %"),
        Better::Lower => format!("≤ baseline + {share} %"),
    })
}
