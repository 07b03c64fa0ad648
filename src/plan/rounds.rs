//! The order of the parts and rounds of a play's cases. Pure: numbers in, order out.

use super::step::CasePart;
use crate::model::CaseOrder;

/// How often a case runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// Rounds before.
    pub warmup: u32,
    /// Rounds that count.
    pub repeat: u32,
}

impl Count {
    /// The round at a place, from 0; warm-up rounds first.
    fn round(self, place: u32) -> Option<CasePart> {
        if place < self.warmup {
            return Some(CasePart::Round { number: place + 1, warmup: true });
        }
        let number = place - self.warmup + 1;
        (number <= self.repeat).then_some(CasePart::Round { number, warmup: false })
    }
}

/// One part of one case, by its number.
pub(super) type Beat = (usize, CasePart);

/// Puts the parts of all cases in order. A wave holds the numbers of cases that need none of their own wave; waves follow
/// each other.
pub(super) fn schedule(order: CaseOrder, waves: &[Vec<usize>], counts: &[Count], seed: u64) -> Vec<Beat> {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut beats = Vec::new();
    for wave in waves {
        match order {
            CaseOrder::Sequential => wave.iter().for_each(|case| {
                beats.extend([(*case, CasePart::Open), (*case, CasePart::Prepare)]);
                beats.extend((0..).map_while(|place| Some((*case, counts[*case].round(place)?))));
                beats.extend([(*case, CasePart::Finish), (*case, CasePart::Close)]);
            }),
            CaseOrder::Interleaved | CaseOrder::Random => {
                beats.extend(wave.iter().flat_map(|c| [(*c, CasePart::Open), (*c, CasePart::Prepare)]));
                let rounds = wave.iter().map(|c| counts[*c].warmup + counts[*c].repeat).max().unwrap_or(0);
                for place in 0..rounds {
                    let mut turn: Vec<usize> = wave.clone();
                    if order == CaseOrder::Random {
                        chance.shuffle(&mut turn);
                    }
                    beats.extend(turn.iter().filter_map(|c| Some((*c, counts[*c].round(place)?))));
                }
                beats.extend(wave.iter().flat_map(|c| [(*c, CasePart::Finish), (*c, CasePart::Close)]));
            }
        }
    }
    beats
}

/// Waves of cases: each case comes in the first wave after those it needs; within a wave the written order counts.
/// `None` when they need each other in a circle.
pub(super) fn waves(needs: &[Vec<usize>]) -> Option<Vec<Vec<usize>>> {
    let mut done = vec![false; needs.len()];
    let mut waves = Vec::new();
    while done.contains(&false) {
        let ready = |c: &usize| !done[*c] && needs[*c].iter().all(|n| done[*n]);
        let wave: Vec<usize> = (0..needs.len()).filter(ready).collect();
        if wave.is_empty() {
            return None;
        }
        for case in &wave {
            done[*case] = true;
        }
        waves.push(wave);
    }
    Some(waves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(order: CaseOrder, seed: u64) -> String {
        let counts = [Count { warmup: 1, repeat: 2 }, Count { warmup: 0, repeat: 1 }];
        let word = |(case, part): &Beat| {
            let part = match part {
                CasePart::Open => "o".to_owned(),
                CasePart::Prepare => "p".to_owned(),
                CasePart::Round { number, warmup: true } => format!("w{number}"),
                CasePart::Round { number, .. } => format!("r{number}"),
                CasePart::Finish => "f".to_owned(),
                CasePart::Close => "c".to_owned(),
            };
            format!("{}{part}", ["A", "B"][*case])
        };
        schedule(order, &[vec![0, 1]], &counts, seed).iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn orders() {
        assert_eq!(text(CaseOrder::Sequential, 0), "Ao Ap Aw1 Ar1 Ar2 Af Ac Bo Bp Br1 Bf Bc");
        assert_eq!(text(CaseOrder::Interleaved, 0), "Ao Ap Bo Bp Aw1 Br1 Ar1 Ar2 Af Ac Bf Bc");
        assert_eq!(text(CaseOrder::Random, 7), text(CaseOrder::Random, 7));
    }

    #[test]
    fn needs_make_waves() {
        assert_eq!(waves(&[vec![1], vec![], vec![0]]), Some(vec![vec![1], vec![0], vec![2]]));
        assert_eq!(waves(&[vec![1], vec![0]]), None);
    }
}
