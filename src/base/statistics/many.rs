//! Many questions at once: p-values adjusted so that of what is called different, a known share at most is not.

use super::count;

/// By Benjamini and Hochberg; in the order of the input.
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]));
    let (mut out, mut least) = (vec![1.0; p.len()], 1.0_f64);
    for (from_top, index) in order.into_iter().enumerate() {
        let rank = p.len() - from_top;
        least = least.min(p[index] * count(p.len()) / count(rank));
        out[index] = least;
    }
    out
}
