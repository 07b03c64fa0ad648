//! When a case has rounds enough: `repeat` as a mapping, known before contact.

use super::Surroundings;
use super::build::Build;
use super::fragment::GoingOn;
use crate::base::clock::duration;
use crate::base::{Diagnostic, Quantity, Spanned, Unit, Value};
use crate::model;

impl Build<'_> {
    /// What a case says, if it does, with the most rounds that it may have.
    pub(super) fn going_on(
        &mut self,
        case: &model::Case,
        around: &Surroundings,
        most: u32,
    ) -> Option<GoingOn> {
        let written = case.going_on.as_ref()?;
        let min = self.number(written.min.as_ref(), around, 1, 1);
        if let Some(least) = written.min.as_ref().filter(|_| min > most) {
            let message = format!("`min` is {min}, which is more than `max`, {most}");
            self.found.push(Diagnostic::error("wrong-range", message).at(&least.span));
        }
        let share = |text: &str| Quantity::parse(text).ok()?.value_in(&Unit::parse("ratio")).ok();
        let until = self.read(written.until.as_ref(), around, "a share of the median: `2 %`", share);
        let seconds = |text: &str| duration(text).map(|time| time.as_secs_f64());
        let budget = self.read(written.budget.as_ref(), around, "a time: `10m`, `90s`, or seconds", seconds);
        Some(GoingOn { min, until, budget })
    }

    fn read(
        &mut self,
        written: Option<&Spanned<Value>>,
        around: &Surroundings,
        wanted: &str,
        read: impl Fn(&str) -> Option<f64>,
    ) -> Option<f64> {
        let written = written?;
        let text = self.found.keep(self.known.text(around, written, "`repeat`"))?;
        let number = read(text.trim()).filter(|number| *number > 0.0);
        if number.is_none() {
            let message = format!("`{text}` is not {wanted}");
            self.found.push(Diagnostic::error("wrong-type", message).at(&written.span));
        }
        number
    }
}

impl GoingOn {
    /// `until its intervals are 2 % wide, or for 10m`
    pub(super) fn words(&self) -> String {
        let until =
            self.until.map(|share| format!("until its intervals are {} % wide", (share * 1e4).round() / 1e2));
        let budget = self.budget.map(|seconds| {
            format!("for {}", crate::base::clock::human_duration(std::time::Duration::from_secs_f64(seconds)))
        });
        until.into_iter().chain(budget).collect::<Vec<_>>().join(", or ")
    }
}
