//! Logits → log-probabilities, without touching the logits.

use super::instructions::{Work, widest};
use super::likeliest::highest;

/// What takes the logits of a row to log-probabilities: `logit - highest - spread`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Normal {
    highest: f32,
    /// The logarithm of the sum of `exp(logit - highest)`.
    spread: f64,
}

/// As many values as the compiler takes at once.
const LANES: usize = 16;

/// What some logits of a row add to the sum over it: for rows that are computed in parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    highest: f32,
    /// The sum of `exp(logit - highest)`; no number if a logit is none.
    total: f64,
}

impl Part {
    pub(crate) fn of(logits: &[f32]) -> Self {
        let highest = highest(logits);
        let total = if highest > f32::NEG_INFINITY {
            widest(SumOfExp { logits, highest })
        } else if logits.iter().any(|logit| logit.is_nan()) {
            f64::NAN
        } else {
            0.0
        };
        Self { highest, total }
    }

    /// Both parts as one.
    pub(crate) fn with(self, other: Self) -> Self {
        let highest = self.highest.max(other.highest);
        let share = |part: Self| match part.total {
            0.0 => 0.0,
            total => total * f64::from(part.highest - highest).exp(),
        };
        Self {
            highest,
            total: share(self) + share(other),
        }
    }

    /// None if the parts hold no number, or an infinite one.
    pub(crate) fn normal(self) -> Option<Normal> {
        let (highest, spread) = (self.highest, self.total.ln());
        (highest.is_finite() && spread.is_finite()).then_some(Normal { highest, spread })
    }
}

impl Normal {
    /// None if the row holds no number, or an infinite one.
    pub(crate) fn of(row: &[f32]) -> Option<Self> {
        Part::of(row).normal()
    }

    /// The same where some logits, `(as they were, as they are)`, turn out to be others.
    pub(crate) fn corrected(self, logits: impl Iterator<Item = (f32, f32)>) -> Self {
        let exp = |logit: f32| f64::from(logit - self.highest).exp();
        let added: f64 = logits.map(|(was, is)| exp(is) - exp(was)).sum();
        let total = self.spread.exp() + added;
        Self {
            spread: if total > 0.0 { total.ln() } else { self.spread },
            ..self
        }
    }

    /// The log-probability of a logit of the row.
    pub(crate) fn log(self, logit: f32) -> f64 {
        f64::from(logit - self.highest) - self.spread
    }

    /// The logit that has the log-probability `log` in this row.
    pub(crate) fn logit(self, log: f64) -> f32 {
        (log + self.spread + f64::from(self.highest)) as f32
    }
}

/// The sum of `exp(logit - highest)`.
struct SumOfExp<'a> {
    logits: &'a [f32],
    highest: f32,
}

impl Work for SumOfExp<'_> {
    type Result = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut total = 0.0;
        // sums of a few hundred terms keep single precision; the sum of these sums does not
        for part in self.logits.chunks(LANES * 32) {
            let mut lanes = [0f32; LANES];
            let (chunks, rest) = part.as_chunks::<LANES>();
            for chunk in chunks {
                for (sum, value) in lanes.iter_mut().zip(chunk) {
                    *sum += exp(*value - self.highest);
                }
            }
            total += lanes.iter().map(|s| f64::from(*s)).sum::<f64>();
            total += rest
                .iter()
                .map(|v| f64::from(exp(*v - self.highest)))
                .sum::<f64>();
        }
        total
    }
}

/// `exp(x)` for `x` of 0 or less within 3e-7 of its value, 0 below -87: in a form that the compiler can do for many
/// values at once, which the library's is not. `x = n ln 2 + r` with `|r| ≤ ln 2 / 2`; the series of `exp(r)` up to
/// `r⁷`; `2ⁿ` by its bits.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// Adding and taking it away again rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let inside = if x < -87.0 { -87.0 } else { x };
    let n = (inside * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (inside - n * LN_2_HIGH) - n * LN_2_LOW;
    let mut series = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series * r + coefficient;
    }
    let power = f32::from_bits(((n as i32 + 127) << 23) as u32);
    let value = series * power;
    if x < -87.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exp_is_the_librarys_to_single_precision() {
        for step in 0..87_000 {
            let x = -(step as f32) / 1000.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= 3e-7 * exact, "{x}");
        }
        assert_eq!(exp(-88.0), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
    }

    #[test]
    fn log_probabilities_sum_to_one_and_go_back_to_logits() {
        let row: Vec<f32> = (0..62_001).map(|i| (i as f32 * 0.37).sin() * 9.0 - 4.0).collect();
        let normal = Normal::of(&row).unwrap();
        let exact: f64 = row.iter().map(|l| f64::from(*l).exp()).sum::<f64>().ln();
        assert!((normal.log(2.5) - (2.5 - exact)).abs() < 1e-6);
        assert!((normal.logit(normal.log(-3.25)) - -3.25).abs() < 1e-6);
    }

    #[test]
    fn parts_of_a_row_sum_to_the_row() {
        let mut row: Vec<f32> = (0..5000).map(|i| (i as f32 * 0.73).sin() * 9.0).collect();
        row[..600].fill(f32::NEG_INFINITY);
        let parts = |row: &[f32]| row.chunks(512).map(Part::of).reduce(Part::with).unwrap().normal();
        let (whole, parted) = (Normal::of(&row).unwrap(), parts(&row).unwrap());
        assert!((whole.log(1.5) - parted.log(1.5)).abs() < 1e-6);
        for wrong in [f32::NAN, f32::INFINITY] {
            let mut row = row.clone();
            row[3] = wrong;
            assert_eq!(parts(&row), None);
        }
        assert_eq!(parts(&[f32::NEG_INFINITY; 700]), None);
    }

    #[test]
    fn what_is_no_number_counts_nothing_and_infinity_is_refused() {
        let normal = Normal::of(&[0.0, f32::NEG_INFINITY]).unwrap();
        assert_eq!(normal.log(0.0), 0.0);
        assert_eq!(Normal::of(&[f32::NEG_INFINITY; 40]), None);
        assert_eq!(Normal::of(&[0.0, f32::INFINITY]), None);
        assert_eq!(Normal::of(&[f32::NAN; 3]), None);
        assert_eq!(Normal::of(&[]), None);
    }
}
