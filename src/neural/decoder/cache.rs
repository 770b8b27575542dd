//! What a sequence has left behind: keys and values, layer by layer.

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::neural::config::Config;

/// Positions by which a cache grows.
const GROWTH: usize = 256;

/// The keys and values of one layer, `(1, kv heads, capacity, head)`; the first `Cache::length` positions count.
struct Kept {
    keys: Tensor,
    values: Tensor,
}

/// What a sequence has left behind in each layer.
pub(crate) struct Cache {
    layers: Vec<Option<Kept>>,
    pub(super) length: usize,
    capacity: usize,
    /// What was read, for models that read it again when a sequence becomes long.
    tokens: Vec<u32>,
    /// Whether it has.
    pub(super) long: bool,
}

impl Cache {
    /// Nothing read yet.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            layers: (0..config.layers).map(|_| None).collect(),
            length: 0,
            capacity: 0,
            tokens: Vec::new(),
            long: false,
        }
    }

    /// Remembers tokens that are about to be read.
    pub(super) fn note(&mut self, tokens: &[u32]) {
        self.tokens.truncate(self.length);
        self.tokens.extend_from_slice(tokens);
    }

    /// Forgets all; gives what was read, as far as it was noted.
    pub(super) fn restart(&mut self, long: bool) -> Vec<u32> {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.truncate(self.length);
        self.length = 0;
        self.long = long;
        tokens
    }

    /// Positions read.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A copy that goes its own way.
    pub(crate) fn fork(&self) -> Result<Self> {
        let mut layers = Vec::with_capacity(self.layers.len());
        for kept in &self.layers {
            layers.push(match kept {
                None => None,
                Some(kept) => Some(Kept {
                    keys: kept.keys.copy()?,
                    values: kept.values.copy()?,
                }),
            });
        }
        Ok(Self {
            layers,
            length: self.length,
            capacity: self.capacity,
            tokens: self.tokens.clone(),
            long: self.long,
        })
    }

    /// Adds the keys and values of a step to one layer; gives back all of them, the new ones included.
    pub(super) fn append(
        &mut self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let (_, heads, step, head) = keys.dims4()?;
        let end = self.length + step;
        let full = match &self.layers[layer] {
            None => true,
            Some(kept) => kept.keys.dim(2)? < end,
        };
        if full {
            self.capacity = self.capacity.max(end.div_ceil(GROWTH) * GROWTH);
            let room = || Tensor::zeros((1, heads, self.capacity, head), keys.dtype(), keys.device());
            let grown = Kept {
                keys: room()?,
                values: room()?,
            };
            if let Some(old) = &self.layers[layer] {
                let kept = |t: &Tensor| t.narrow(2, 0, self.length)?.contiguous();
                grown.keys.slice_set(&kept(&old.keys)?, 2, 0)?;
                grown.values.slice_set(&kept(&old.values)?, 2, 0)?;
            }
            self.layers[layer] = Some(grown);
        }
        let Some(kept) = &self.layers[layer] else {
            return Err(Error::failed("a layer has no cache"));
        };
        kept.keys.slice_set(keys, 2, self.length)?;
        kept.values.slice_set(values, 2, self.length)?;
        Ok((kept.keys.narrow(2, 0, end)?, kept.values.narrow(2, 0, end)?))
    }
}
