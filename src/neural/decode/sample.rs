//! A draw from the softmax of logits, cut to the likeliest tokens.

/// A token drawn from the softmax of `logits / temperature`, cut first to the `top_k` likeliest, then to the smallest
/// set with at least `top_p` of what is left (Holtzman et al. 2020). Logits that are no number are never drawn.
pub(super) fn draw(
    logits: &[f32],
    temperature: f64,
    top_k: Option<usize>,
    top_p: f64,
    random: &mut SplitMix64,
) -> u32 {
    let nucleus = nucleus(logits, temperature, top_k, top_p);
    let mut point = random.unit() * nucleus.iter().map(|w| w.1).sum::<f64>();
    for (id, weight) in &nucleus {
        point -= weight;
        if point < 0.0 {
            return *id;
        }
    }
    nucleus.last().map_or(0, |w| w.0)
}

/// Tokens and their weights, the likeliest first and the lowest id first among equals. Only as much of the vocabulary
/// is sorted as is needed.
fn nucleus(logits: &[f32], temperature: f64, top_k: Option<usize>, top_p: f64) -> Vec<(u32, f64)> {
    let mut entries: Vec<(u32, f32)> = (0u32..)
        .zip(logits)
        .filter(|(_, l)| **l > f32::NEG_INFINITY)
        .map(|(id, l)| (id, *l))
        .collect();
    if let Some(keep) = top_k {
        first(&mut entries, keep);
        entries.truncate(keep.max(1));
    }
    let highest = entries.iter().fold(f32::NEG_INFINITY, |most, e| most.max(e.1));
    let weight = |logit: f32| (f64::from(logit - highest) / temperature).exp();
    let enough = top_p * entries.iter().map(|e| weight(e.1)).sum::<f64>();
    let mut sorted = 64;
    loop {
        first(&mut entries, sorted);
        let mut kept = 0.0;
        let nucleus = entries.iter().take(sorted).position(|e| {
            kept += weight(e.1);
            kept >= enough
        });
        match nucleus {
            None if sorted < entries.len() => sorted *= 8,
            last => {
                entries.truncate(last.map_or(entries.len(), |last| last + 1));
                return entries.into_iter().map(|(id, l)| (id, weight(l))).collect();
            }
        }
    }
}

/// Brings the `count` likeliest to the front, sorted.
fn first(entries: &mut [(u32, f32)], count: usize) {
    let before = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    let count = count.min(entries.len());
    if count < entries.len() && count > 0 {
        entries.select_nth_unstable_by(count - 1, before);
    }
    entries[..count].sort_by(before);
}

/// Steele, Lea and Flood 2014: small, well mixed, the same everywhere.
pub(super) struct SplitMix64(u64);

impl SplitMix64 {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
