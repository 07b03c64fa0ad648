//! Where a series of values in the order of time goes from one level to another.
//!
//! The values' ranks are summed up along the series; where the sum strays furthest from what it would be without a change (Pettitt's
//! idea, with the sum in units of its own deviation at each place), the series may have changed once. A level that went and came back
//! moves that sum little, so each stretch is held against all the rest as well (circular segmentation, after Olshen and Venkatraman).
//! How probable it is to stray so far by chance is told by shuffling the series itself, so that it holds whatever the values are
//! distributed like. What has changed is cut there, and the parts are asked again; in the end each cut is sought once more between its
//! neighbours.

use super::{count, sorted};

/// A level has at least so many values: one that stands alone is no level.
pub const FEWEST: usize = 2;
/// A series is shuffled so often at most.
const SHUFFLES: u32 = 4999;
/// And no further once so many have strayed as far: it is then no change, and how probable exactly does not matter (Besag and Clifford).
const ENOUGH: u32 = 20;
/// How often places are sought once more.
const PASSES: usize = 3;
/// The shuffles are the same each time, so that one series says the same twice.
const SEED: u64 = 0x0068_6973_746f;

/// A place where a series changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The first value of the new level.
    pub at: usize,
    /// How probable it is that a series without a change, as long as that between the changes beside it, strays so far somewhere.
    pub p: f64,
}

/// How probable it is that a series without a change strays as far as this one does somewhere. None for too few values.
pub fn p_of_any(series: &[f64]) -> Option<f64> {
    likeliest(series).map(|(_, p)| p)
}

/// All places where a series changes at this level (0.05), in order.
pub fn all(series: &[f64], level: f64) -> Vec<Change> {
    let mut found: Vec<Change> = cut(series, level).into_iter().map(|at| Change { at, p: 1.0 }).collect();
    // A cut is made without knowing of those that are made later: each is sought once more where there is no other.
    for _ in 0..PASSES {
        let before = found.clone();
        let mut at = 0;
        while at < found.len() {
            let from = if at == 0 { 0 } else { found[at - 1].at };
            let to = found.get(at + 1).map_or(series.len(), |next| next.at);
            match step(&series[from..to]).filter(|(_, p)| *p <= level) {
                Some((place, p)) => {
                    found[at] = Change { at: from + place, p };
                    at += 1;
                }
                None => _ = found.remove(at),
            }
        }
        if found == before {
            break;
        }
    }
    found
}

/// How many values a series must have for that a change in it can be told at this level at all: one in its middle, as large as may be.
pub fn least_length(level: f64) -> usize {
    let ways = |n: usize| (1..=n / 2).fold(1.0, |ways, i| ways * count(n - n / 2 + i) / count(i));
    // With an odd number there are two places that are as near to the middle.
    let as_far = |n: usize| if n.is_multiple_of(2) { 2.0 } else { 4.0 };
    (2 * FEWEST..1000).find(|n| BOTH * as_far(*n) / ways(*n) <= level).unwrap_or(1000)
}

/// One step and one stretch are looked for, and either may be found by chance.
const BOTH: f64 = 2.0;

fn cut(series: &[f64], level: f64) -> Vec<usize> {
    let Some((places, _)) = likeliest(series).filter(|(_, p)| *p <= level) else { return Vec::new() };
    let ends: Vec<usize> = [0].into_iter().chain(places.iter().copied()).chain([series.len()]).collect();
    let inside = ends.windows(2).flat_map(|part| {
        let found = cut(&series[part[0]..part[1]], level);
        found.into_iter().map(|at| part[0] + at).collect::<Vec<_>>()
    });
    let mut found: Vec<usize> = inside.chain(places.iter().copied()).collect();
    found.sort_unstable();
    found
}

/// The place of a step, or the two ends of a stretch, whichever is less probable by chance.
fn likeliest(series: &[f64]) -> Option<(Vec<usize>, f64)> {
    let (place, by_step) = step(series)?;
    let (ends, by_stretch) = stretch(series).unwrap_or(([0, 0], 1.0));
    let both = |p: f64| (BOTH * p).min(1.0);
    Some(if by_step <= by_stretch { (vec![place], both(by_step)) } else { (ends.to_vec(), both(by_stretch)) })
}

/// The place where the series most likely steps from one level to another, and how probable that is by chance.
fn step(series: &[f64]) -> Option<(usize, f64)> {
    let n = series.len();
    if n < 2 * FEWEST {
        return None;
    }
    let sought: Vec<(usize, f64)> = (FEWEST..=n - FEWEST).map(|at| (at, weight(at, n))).collect();
    let furthest = |sums: &[f64]| {
        let far = sought.iter().map(|(at, weight)| (*at, sums[*at].abs() * weight));
        far.fold((0, 0.0), |best, one| if one.1 > best.1 { one } else { best })
    };
    Some(shuffled(series, furthest))
}

/// The ends of the stretch inside the series that is most likely of another level than all the rest, and how probable that is.
fn stretch(series: &[f64]) -> Option<([usize; 2], f64)> {
    let n = series.len();
    if n < 3 * FEWEST {
        return None;
    }
    let weights: Vec<f64> = (0..=n).map(|length| weight(length, n)).collect();
    let furthest = |sums: &[f64]| {
        let mut best = ([0, 0], 0.0);
        for from in FEWEST..=n - 2 * FEWEST {
            for to in from + FEWEST..=n - FEWEST {
                let far = (sums[to] - sums[from]).abs() * weights[to - from];
                if far > best.1 {
                    best = ([from, to], far);
                }
            }
        }
        best
    };
    Some(shuffled(series, furthest))
}

/// One by the deviation of the sum of so many of n ranks, up to a factor that is the same for all.
fn weight(taken: usize, n: usize) -> f64 {
    if taken == 0 || taken >= n { 0.0 } else { 1.0 / (count(taken) * count(n - taken)).sqrt() }
}

/// What `furthest` finds in the sums of the series' ranks, and how probable it is to find something as far by chance.
fn shuffled<T>(series: &[f64], furthest: impl Fn(&[f64]) -> (T, f64)) -> (T, f64) {
    let mut ranks = ranks(series);
    let mut sums = vec![0.0; ranks.len() + 1];
    let mut sum = |ranks: &[f64]| {
        for (at, rank) in ranks.iter().enumerate() {
            sums[at + 1] = sums[at] + rank;
        }
        furthest(&sums)
    };
    let (found, far) = sum(&ranks);
    if far <= 0.0 {
        return (found, 1.0);
    }
    let mut chance = fastrand::Rng::with_seed(SEED);
    let mut as_far = 0;
    for number in 1..=SHUFFLES {
        chance.shuffle(&mut ranks);
        // Sums of the same ranks in another order differ in their last digits.
        if sum(&ranks).1 >= far * (1.0 - 1e-12) {
            as_far += 1;
            if as_far == ENOUGH {
                return (found, f64::from(ENOUGH) / f64::from(number));
            }
        }
    }
    (found, f64::from(as_far + 1) / f64::from(SHUFFLES + 1))
}

/// The rank of each value, less their mean; equal ones share theirs.
fn ranks(series: &[f64]) -> Vec<f64> {
    let sorted = sorted(series);
    let rank = |value: &f64| {
        let below = sorted.partition_point(|other| other < value);
        let up_to = sorted.partition_point(|other| other <= value);
        count(below + up_to) / 2.0 - count(series.len()) / 2.0
    };
    series.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normal values by Box and Muller.
    fn normal(chance: &mut fastrand::Rng) -> f64 {
        (-2.0 * (1.0 - chance.f64()).ln()).sqrt() * (std::f64::consts::TAU * chance.f64()).cos()
    }

    /// The flow of the Nile at Aswan from 1871 to 1970 in 10^8 m^3 (Cobb 1978): it fell in 1899, when the first dam was begun.
    const NILE: [i32; 100] = [
        1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799,
        958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916,
        692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698,
        845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801,
        1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170,
        912, 746, 919, 718, 714, 740,
    ];

    #[test]
    fn the_nile_fell_in_1899_and_changed_no_more() {
        let series: Vec<f64> = NILE.iter().map(|flow| f64::from(*flow)).collect();
        let found = all(&series, 0.01);
        assert_eq!(found.iter().map(|change| 1871 + change.at).collect::<Vec<_>>(), [1899]);
        assert!(found[0].p <= 0.001, "{found:?}");
    }

    /// A series that does not change is said to in at most as many cases as the level says, also where values have long tails and are
    /// rounded so that many are equal.
    #[test]
    fn what_does_not_change_is_seldom_said_to() {
        let mut chance = fastrand::Rng::with_seed(21);
        for (n, times) in [(9, 1000), (16, 1000), (50, 100)] {
            for tailed in [false, true] {
                let one = |chance: &mut fastrand::Rng| {
                    if tailed { (1.0 / (1.0 - chance.f64()) * 4.0).round() } else { normal(chance) }
                };
                let series = |chance: &mut fastrand::Rng| (0..n).map(|_| one(chance)).collect::<Vec<f64>>();
                let found = (0..times).filter(|_| !all(&series(&mut chance), 0.05).is_empty()).count();
                // 5 %, and three deviations of such a share.
                let most = if times == 1000 { 70 } else { 11 };
                assert!(found <= most, "{found} of {times} with {n} values");
            }
        }
    }

    /// Two steps to new levels, and a level that went and came back, five deviations of a run's figure away.
    #[test]
    fn changes_are_found_where_they_are() {
        let mut chance = fastrand::Rng::with_seed(4);
        let levels: [&[(usize, f64)]; 3] = [
            &[(8, 100.0), (6, 95.0)],
            &[(8, 100.0), (8, 95.0), (8, 101.0)],
            &[(8, 100.0), (5, 95.0), (7, 100.0)],
        ];
        for levels in levels {
            let mut found = 0;
            for _ in 0..20 {
                let (mut series, mut wanted) = (Vec::new(), Vec::new());
                for (length, level) in levels {
                    wanted.push(series.len());
                    series.extend((0..*length).map(|_| level + normal(&mut chance)));
                }
                let places: Vec<usize> = all(&series, 0.05).iter().map(|change| change.at).collect();
                let near = |at: &usize| places.iter().any(|place| place.abs_diff(*at) <= 1);
                found += i32::from(wanted[1..].iter().all(near) && places.len() <= wanted.len());
            }
            assert!(found >= 17, "{found} of 20 of {levels:?}");
        }
    }

    #[test]
    fn few_values_and_equal_ones_show_nothing() {
        assert_eq!(p_of_any(&[1.0, 2.0, 3.0]), None);
        assert_eq!(all(&[5.0; 20], 0.05), []);
        assert_eq!([0.1, 0.05, 0.01].map(least_length), [8, 10, 12]);
        let made = |n: usize| {
            (0..n).map(|at| if at < n / 2 { 1.0 } else { 2.0 } + count(at) / 1e6).collect::<Vec<_>>()
        };
        assert_eq!((all(&made(10), 0.05).len(), all(&made(7), 0.05).len()), (1, 0));
    }
}
