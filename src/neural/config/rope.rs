//! How positions are turned (RoPE, Su et al. 2021), and how that is stretched for long texts.

use std::f64::consts::TAU;

/// How the rotation angles are derived from positions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rope {
    /// The base of the frequencies.
    pub(crate) base: f64,
    pub(crate) scaling: RopeScaling,
}

/// How frequencies are changed for contexts longer than those trained on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RopeScaling {
    None,
    /// All divided by this (Chen et al. 2023).
    Linear(f64),
    /// Low frequencies divided, high ones kept, between them interpolated (Llama 3.1).
    Llama3 {
        factor: f64,
        low: f64,
        high: f64,
        original: f64,
    },
    /// Each divided by its own factor; as GGUF files store the one above.
    Factors(Vec<f32>),
    /// What turns less than `slow` times in the original context is divided, what turns more than `fast` times is
    /// kept, between them interpolated by index (Peng et al. 2023).
    Yarn {
        factor: f64,
        original: f64,
        fast: f64,
        slow: f64,
        /// Whether the borders are whole indices.
        truncate: bool,
        magnitude: f64,
    },
    /// Each divided by its own factor, by others as soon as a sequence is longer than `original` (Ding et al. 2024).
    Long {
        short: Vec<f32>,
        long: Vec<f32>,
        original: usize,
        magnitude: f64,
    },
}

impl Rope {
    /// Not stretched.
    pub(crate) fn plain(base: f64) -> Self {
        Self {
            base,
            scaling: RopeScaling::None,
        }
    }

    /// The angle that one position adds, for each of the `rotary / 2` pairs; `long`: in sequences longer than
    /// [`Rope::original`].
    pub(crate) fn frequencies(&self, rotary: usize, long: bool) -> Vec<f32> {
        let factor = |factors: &[f32], i: usize| factors.get(i).map_or(1.0, |f| f64::from(*f));
        (0..rotary / 2)
            .map(|i| {
                let plain = self.base.powf(-2.0 * i as f64 / rotary as f64);
                let scaled = match &self.scaling {
                    RopeScaling::None => plain,
                    RopeScaling::Linear(factor) => plain / factor,
                    RopeScaling::Factors(factors) => plain / factor(factors, i),
                    RopeScaling::Long { long: factors, .. } if long => plain / factor(factors, i),
                    RopeScaling::Long { short: factors, .. } => plain / factor(factors, i),
                    RopeScaling::Llama3 {
                        factor,
                        low,
                        high,
                        original,
                    } => {
                        let turns = original * plain / TAU;
                        let smooth = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                        plain / factor * (1.0 - smooth) + plain * smooth
                    }
                    RopeScaling::Yarn { factor, .. } => {
                        let kept = 1.0 - self.divided(i, rotary);
                        plain / factor * (1.0 - kept) + plain * kept
                    }
                };
                scaled as f32
            })
            .collect()
    }

    /// Yarn: how much of the pair `i` is divided, between 0 and 1.
    fn divided(&self, i: usize, rotary: usize) -> f64 {
        let RopeScaling::Yarn {
            original,
            fast,
            slow,
            truncate,
            ..
        } = self.scaling
        else {
            return 0.0;
        };
        let rotary = rotary as f64;
        // the index whose pair turns so many times in the original context
        let index = |turns: f64| rotary * (original / (turns * TAU)).ln() / (2.0 * self.base.ln());
        let (mut first, mut last) = (index(fast), index(slow));
        if truncate {
            (first, last) = (first.floor(), last.ceil());
        }
        (first, last) = (first.max(0.0), last.min(rotary - 1.0));
        if first == last {
            last += 0.001;
        }
        ((i as f64 - first) / (last - first)).clamp(0.0, 1.0)
    }

    /// What sines and cosines are multiplied by, so that attention stays as sharp in a longer context.
    pub(crate) fn magnitude(&self) -> f32 {
        match self.scaling {
            RopeScaling::Yarn { magnitude, .. } | RopeScaling::Long { magnitude, .. } => magnitude as f32,
            _ => 1.0,
        }
    }

    /// The length beyond which all positions of a sequence are turned otherwise.
    pub(crate) fn original(&self) -> Option<usize> {
        match self.scaling {
            RopeScaling::Long { original, .. } => Some(original),
            _ => None,
        }
    }

    /// Whether the numbers make sense for `rotary` turned dimensions.
    pub(super) fn is_consistent(&self, rotary: usize) -> bool {
        let all = |factors: &[f32]| {
            factors.len() == rotary / 2 && factors.iter().all(|f| f.is_finite() && *f > 0.0)
        };
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let scaling = match &self.scaling {
            RopeScaling::None => true,
            RopeScaling::Linear(factor) => positive(*factor),
            RopeScaling::Factors(factors) => all(factors),
            RopeScaling::Llama3 {
                factor,
                low,
                high,
                original,
            } => positive(*factor) && positive(*original) && high > low,
            RopeScaling::Yarn {
                factor,
                original,
                fast,
                slow,
                magnitude,
                ..
            } => {
                [factor, original, fast, slow, magnitude]
                    .into_iter()
                    .all(|n| positive(*n))
                    && self.base > 1.0
            }
            RopeScaling::Long {
                short,
                long,
                original,
                magnitude,
            } => all(short) && all(long) && *original > 0 && positive(*magnitude),
        };
        positive(self.base) && scaling
    }
}

/// Yarn's magnitude for a context that is `factor` times as long.
pub(super) fn sharpness(factor: f64, scale: f64) -> f64 {
    if factor <= 1.0 {
        return 1.0;
    }
    0.1 * scale * factor.ln() + 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What transformers 5.23 computes (`_compute_yarn_parameters`) for heads of 16, a base of 10,000 and four times
    /// 128 positions.
    #[test]
    fn yarn_is_that_of_transformers() {
        let yarn = |fast, slow, truncate| Rope {
            base: 1e4,
            scaling: RopeScaling::Yarn {
                factor: 4.0,
                original: 128.0,
                fast,
                slow,
                truncate,
                magnitude: sharpness(4.0, 1.0),
            },
        };
        let kept = [0.007_905_695, 0.0025, 0.000_790_569, 0.00025, 7.9057e-5];
        for (rope, first) in [
            (yarn(32.0, 1.0, true), [1.0, 0.237_170_82, 0.05]),
            (yarn(8.0, 2.0, false), [1.0, 0.279_174_54, 0.025_996_597]),
        ] {
            let expected: Vec<f32> = first.into_iter().chain(kept).collect();
            for (ours, theirs) in rope.frequencies(16, false).iter().zip(&expected) {
                assert!((ours - theirs).abs() < 1e-6 * theirs.max(0.01), "{ours} {theirs}");
            }
            assert!((rope.magnitude() - 1.138_629_4).abs() < 1e-6);
            assert!(rope.is_consistent(16));
        }
        assert!((sharpness(4.0, 1.0) / sharpness(4.0, 0.5) - 1.064_821_6).abs() < 1e-6);
    }

    #[test]
    fn factors_that_do_not_fit_are_found() {
        let long = |short: &[f32], long: &[f32], magnitude| Rope {
            base: 1e4,
            scaling: RopeScaling::Long {
                short: short.to_vec(),
                long: long.to_vec(),
                original: 24,
                magnitude,
            },
        };
        assert!(long(&[1.0, 1.0], &[1.0, 4.0], 1.2).is_consistent(4));
        assert!(!long(&[1.0, 1.0], &[1.0], 1.2).is_consistent(4));
        assert!(!long(&[1.0, 0.0], &[1.0, 4.0], 1.2).is_consistent(4));
        assert!(!long(&[1.0, 1.0], &[1.0, 4.0], f64::INFINITY).is_consistent(4));
    }
}
