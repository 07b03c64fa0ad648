//! What can be said about one figure of two runs on one host: the ratio of its medians, how sure that is, and what would make it surer.

use serde::Serialize;

use super::Summary;
use super::interval::{FEWEST, Interval};
use super::noise::Noise;
use super::rank::{least_size, mann_whitney, needed_size, smallest_p};
use super::resample::{ratio_interval, ratio_range};

/// By what is judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// The share of differences found where there is none, at most: 0.05.
    pub level: f64,
    /// The difference up to which nobody cares, and which runs are taken to differ by where nothing is known: 0.02.
    pub margin: f64,
}

/// One in twenty, and two percent.
impl Default for Rule {
    fn default() -> Self {
        Self { level: 0.05, margin: 0.02 }
    }
}

/// One figure of two runs, before it is known how many others are judged with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contrast {
    /// Of the first run.
    pub a: Summary,
    /// Of the second run.
    pub b: Summary,
    /// median(b) / median(a); none where a value is not positive.
    pub ratio: Option<f64>,
    /// Of the ratio; a bootstrap, or the range of all ratios where there are fewer than [`FEWEST`] values.
    pub interval: Option<Interval>,
    /// The larger of two: that of Mann and Whitney, and how probable it is that like runs differ so much.
    pub p: f64,
    /// What like runs differ by by themselves: 0.018 is 1.8 %.
    pub floor: f64,
    /// Whether that was learnt, or is assumed.
    pub learnt: bool,
    #[serde(skip)]
    limits: Limits,
}

/// What keeps a difference from being shown.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Limits {
    smallest_p: f64,
    by_rank: f64,
    needed: Option<usize>,
}

/// What it amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Better, by more than chance, noise or the margin explain.
    Improved,
    /// Worse, by more than chance, noise or the margin explain.
    Regressed,
    /// The interval lies within the margin, or within what like runs differ by.
    Same,
    /// Neither can be said.
    Inconclusive,
}

impl Finding {
    /// The word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Finding::Improved => "improved",
            Finding::Regressed => "REGRESSED",
            Finding::Same => "same",
            Finding::Inconclusive => "inconclusive",
        }
    }
}

impl Contrast {
    /// Of the values of two runs, in one unit; none if one has none.
    pub fn of(a: &[f64], b: &[f64], noise: &Noise, rule: Rule) -> Option<Self> {
        let (first, second) = (Summary::of(a)?, Summary::of(b)?);
        let all = if a.len().min(b.len()) < FEWEST {
            ratio_range(a, b)
        } else {
            ratio_interval(a, b, 1.0 - rule.level)
        };
        let ratio = all.map(|_| second.median / first.median);
        let by_rank = mann_whitney(a, b)?.p;
        let is_small = |ratio: f64| ratio.ln().abs() <= rule.margin.ln_1p();
        let by_noise =
            ratio.map_or(1.0, |ratio| if is_small(ratio) { 1.0 } else { noise.p(ratio, rule.margin) });
        let needed = needed_size(a, b, rule.level);
        Some(Self {
            a: first,
            b: second,
            ratio,
            interval: all,
            p: by_rank.max(by_noise),
            floor: noise.floor(rule.level, rule.margin),
            learnt: noise.is_known(),
            limits: Limits { smallest_p: smallest_p(a.len(), b.len()), by_rank, needed },
        })
    }

    /// What it amounts to, with p adjusted for all that is judged with it.
    pub fn finding(&self, adjusted: f64, higher_is_better: bool, rule: Rule) -> Finding {
        let (Some(ratio), Some(interval)) = (self.ratio, self.interval) else {
            // Around zero only what is equal in every value is known to be the same.
            let is_equal = self.a.min.total_cmp(&self.a.max).is_eq() && self.a == self.b;
            return if is_equal { Finding::Same } else { Finding::Inconclusive };
        };
        let room = 1.0 + self.floor.max(rule.margin);
        if interval.is_within(1.0 / room, room) {
            Finding::Same
        } else if adjusted > rule.level {
            Finding::Inconclusive
        } else if (ratio > 1.0) == higher_is_better {
            Finding::Improved
        } else {
            Finding::Regressed
        }
    }

    /// Whether so few values cannot show a difference at this level, however large it is.
    pub fn cannot_differ(&self, rule: Rule) -> bool {
        self.limits.smallest_p > rule.level
    }

    /// What would make an inconclusive one conclusive.
    pub fn advice(&self, rule: Rule) -> String {
        let (Some(ratio), Some(interval)) = (self.ratio, self.interval) else {
            return "what is zero or negative has no ratio".to_owned();
        };
        let level = rule.level * 100.0;
        if self.cannot_differ(rule) {
            let (n, m, least) = (self.a.n, self.b.n, least_size(rule.level));
            return format!("{n} rounds against {m} can never reach {level} %: take at least {least}");
        }
        let (distance, room) = (ratio.ln().abs(), self.floor.max(rule.margin).ln_1p());
        if distance > rule.margin.ln_1p() && distance <= room && self.limits.by_rank <= rule.level {
            let percent = self.floor * 100.0;
            return format!(
                "runs differ by ±{percent:.1} % by themselves: more rounds do not help, more like runs may"
            );
        }
        // An interval gets narrower with the square root of the number of rounds.
        let half = (interval.high / interval.low).ln() / 2.0;
        let n = super::count(self.a.n.min(self.b.n));
        let narrow = (n * (half / (room - distance).abs().max(room / 4.0)).powi(2)).ceil();
        // A small positive number, so the cast is exact.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let narrow = narrow.clamp(n + 1.0, 1000.0) as usize;
        let needed = self.limits.needed.filter(|_| distance > room).unwrap_or(narrow).max(self.a.n + 1);
        if needed >= 1000 {
            "no number of rounds within reason would tell".to_owned()
        } else {
            format!("about {needed} rounds each would tell")
        }
    }
}
