//! A case that several hosts run together: whose figures count, and how they become one.
//!
//! The journal keeps what every host measured; this is how it is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Figure;
use crate::base::HostName;
use crate::base::reduce::Reduce;

/// The hosts that run a case together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gang {
    /// By rank.
    pub members: Vec<HostName>,
    /// How their figures become one; without it the first one's count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduce: Option<Reduce>,
}

impl Gang {
    /// Whether the gang's figures stand at this host.
    pub fn is_led_by(&self, host: &HostName) -> bool {
        self.members.first() == Some(host)
    }

    /// The gang's figures: one for each name, labels and round, at the first host and with its evidence. Takes what the
    /// members measured in one case; what not all of them gave becomes no figure.
    pub fn figures(&self, measured: &[Figure]) -> Vec<Figure> {
        let Some(reduce) = self.reduce else {
            return measured.iter().filter(|figure| self.is_led_by(&figure.host)).cloned().collect();
        };
        let mut together: BTreeMap<_, Vec<&Figure>> = BTreeMap::new();
        for figure in measured {
            let name = (&figure.name, &figure.labels, figure.warmup, figure.round);
            together.entry(name).or_default().push(figure);
        }
        let one = |figures: Vec<&Figure>| {
            let of = |host: &HostName| figures.iter().find(|figure| figure.host == *host);
            let complete = self.members.iter().all(|host| of(host).is_some());
            let first = of(self.members.first()?).filter(|_| complete)?;
            let values: Vec<f64> = figures.iter().map(|figure| figure.value).collect();
            Some(Figure { value: reduce.of(&values)?, ..Figure::clone(first) })
        };
        together.into_values().filter_map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CaseId, StepId};

    fn figure(host: &str, round: u32, value: f64) -> Figure {
        Figure {
            case: CaseId::from("ring"),
            host: HostName::from(host),
            round,
            warmup: false,
            step: StepId::from("s"),
            name: "bandwidth".into(),
            labels: BTreeMap::new(),
            value,
            unit: "GB/s".into(),
            higher_is_better: true,
            log: format!("logs/{host}"),
            bytes: (0, 1),
        }
    }

    fn values(reduce: Option<Reduce>) -> Vec<(String, u32, f64)> {
        let members = ["n1", "n2"].map(HostName::from).to_vec();
        let measured = [figure("n1", 1, 3.0), figure("n2", 1, 5.0), figure("n2", 2, 7.0)];
        let figures = Gang { members, reduce }.figures(&measured);
        figures.into_iter().map(|f| (f.log, f.round, f.value)).collect()
    }

    #[test]
    fn a_gang_gives_one_figure() {
        let one = |value| vec![("logs/n1".to_owned(), 1, value)];
        assert_eq!(values(None), one(3.0));
        assert_eq!(values(Some(Reduce::Sum)), one(8.0));
        assert_eq!(values(Some(Reduce::Mean)), one(4.0));
        assert_eq!(values(Some(Reduce::Min)), one(3.0));
        assert_eq!(values(Some(Reduce::Max)), one(5.0));
    }
}
