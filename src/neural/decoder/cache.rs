//! What a sequence has left behind: keys and values, layer by layer.
//!
//! On the processor a cache is a chain: beginnings that several sequences share, each stored once and never written
//! again, then what is the sequence's own. On other devices it is one tensor a layer, and forks copy it.

use std::sync::Arc;

use candle_core::Tensor;

use crate::error::{Error, Result};
use crate::neural::config::Config;
use crate::neural::heads::Part;
use crate::neural::held::{CacheType, Held};

/// Positions by which a tensor grows.
const GROWTH: usize = 256;

/// What a sequence has left behind in each layer.
pub(crate) struct Cache {
    store: Store,
    length: usize,
    /// The length beyond which all positions of a sequence are turned otherwise, those before it too (LongRoPE).
    original: Option<usize>,
    /// Whether they are.
    long: bool,
    /// What was read, where it may have to be read again for that.
    tokens: Vec<u32>,
}

enum Store {
    Host(Host),
    Device(Device),
}

/// Keys and values of one layer, position after position, `(positions, kv heads × head)`.
#[derive(Clone)]
struct Layer {
    keys: Held,
    values: Held,
}

/// A beginning, or the part of one that a sequence shares.
#[derive(Clone)]
struct Shared {
    layers: Arc<Vec<Layer>>,
    /// The first so many positions of it.
    length: usize,
}

struct Host {
    shared: Vec<Shared>,
    own: Vec<Layer>,
    kind: CacheType,
    /// Numbers of a position.
    width: usize,
}

impl Host {
    fn new(config: &Config, kind: CacheType) -> Self {
        Self {
            shared: Vec::new(),
            own: empty(config.layers, kind),
            kind,
            width: config.kv_heads * config.head_dim,
        }
    }

    fn shared_length(&self) -> usize {
        self.shared.iter().map(|shared| shared.length).sum()
    }
}

fn empty(layers: usize, kind: CacheType) -> Vec<Layer> {
    let layer = || Layer {
        keys: Held::new(kind),
        values: Held::new(kind),
    };
    (0..layers).map(|_| layer()).collect()
}

/// The keys and values of one layer, `(1, kv heads, capacity, head)`; the first `Cache::length` positions count.
struct Kept {
    keys: Tensor,
    values: Tensor,
}

struct Device {
    layers: Vec<Option<Kept>>,
    capacity: usize,
}

impl Cache {
    /// Nothing read yet. `host`: in the processor's memory, as `kind` says; else in tensors on the device.
    pub(super) fn new(config: &Config, kind: CacheType, host: bool) -> Self {
        let store = if host {
            Store::Host(Host::new(config, kind))
        } else {
            Store::Device(Device {
                layers: (0..config.layers).map(|_| None).collect(),
                capacity: 0,
            })
        };
        Self {
            store,
            length: 0,
            original: config.rope.original(),
            long: false,
            tokens: Vec::new(),
        }
    }

    /// Prepares for `tokens`, which are about to be read. If they make the sequence long, nothing has been read from then
    /// on: gives what must be read again before them.
    pub(super) fn prepare(&mut self, tokens: &[u32]) -> Option<Vec<u32>> {
        let original = self.original?;
        self.tokens.truncate(self.length);
        if self.long || self.length + tokens.len() <= original {
            self.tokens.extend_from_slice(tokens);
            return None;
        }
        let again = std::mem::take(&mut self.tokens);
        self.truncate(0);
        self.long = true;
        Some(again)
    }

    /// Whether the sequence is longer than the model's original context, where that makes a difference.
    pub(super) fn is_long(&self) -> bool {
        self.long
    }

    /// Positions read.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Notes that `count` positions were appended to each layer.
    pub(super) fn advance(&mut self, count: usize) {
        self.length += count;
    }

    /// Makes room for `count` more positions, so that what is there need not be moved when they come.
    pub(crate) fn reserve(&mut self, count: usize) {
        match &mut self.store {
            Store::Host(host) => {
                for layer in &mut host.own {
                    layer.keys.reserve(count * host.width);
                    layer.values.reserve(count * host.width);
                }
            }
            Store::Device(device) => device.capacity = device.capacity.max(rounded(self.length + count)),
        }
    }

    /// Forgets all but the first `length` positions; all of them, if they were turned for a sequence that was long.
    pub(crate) fn truncate(&mut self, length: usize) {
        let turned_otherwise = self.long && self.original.is_some_and(|original| length <= original);
        self.long &= !turned_otherwise;
        self.length = if turned_otherwise {
            0
        } else {
            self.length.min(length)
        };
        let Store::Host(host) = &mut self.store else {
            return;
        };
        let mut left = self.length;
        for shared in &mut host.shared {
            shared.length = shared.length.min(left);
            left -= shared.length;
        }
        host.shared.retain(|shared| shared.length > 0);
        for layer in &mut host.own {
            layer.keys.truncate(left * host.width);
            layer.values.truncate(left * host.width);
        }
    }

    /// Makes what was read a beginning that forks share instead of copying it, where the device allows it.
    pub(crate) fn share(&mut self) {
        let Store::Host(host) = &mut self.store else {
            return;
        };
        let length = self.length - host.shared_length();
        if length == 0 {
            return;
        }
        let next = empty(host.own.len(), host.kind);
        let own = std::mem::replace(&mut host.own, next);
        host.shared.push(Shared {
            layers: Arc::new(own),
            length,
        });
    }

    /// A sequence of the same beginning that goes its own way. What is shared is not copied.
    pub(crate) fn fork(&self) -> Result<Self> {
        let store = match &self.store {
            Store::Host(host) => Store::Host(Host {
                shared: host.shared.clone(),
                own: host.own.clone(),
                ..*host
            }),
            Store::Device(device) => Store::Device(device.copy()?),
        };
        Ok(Self {
            store,
            tokens: self.tokens.clone(),
            ..*self
        })
    }

    /// Whether it lies in the processor's memory.
    pub(super) fn is_host(&self) -> bool {
        matches!(self.store, Store::Host(_))
    }

    /// Adds the keys and values of a step to one layer, `(step, kv heads × head)` each.
    pub(super) fn append(&mut self, layer: usize, keys: &[f32], values: &[f32]) -> Result<()> {
        let Store::Host(host) = &mut self.store else {
            return Err(Error::failed(
                "a cache on a device got numbers of the processor's",
            ));
        };
        let before = (self.length - host.shared_length()) * host.width;
        let own = &mut host.own[layer];
        for (held, new) in [(&mut own.keys, keys), (&mut own.values, values)] {
            // what a step that failed has left
            held.truncate(before);
            held.extend(new);
        }
        Ok(())
    }

    /// The parts of positions `from..to` in one layer.
    pub(super) fn parts(&self, layer: usize, from: usize, to: usize) -> Vec<Part<'_>> {
        let Store::Host(host) = &self.store else {
            return Vec::new();
        };
        let beginnings = host.shared.iter().map(|s| (&s.layers[layer], s.length));
        let mut start = 0;
        let mut parts = Vec::new();
        for (layer, length) in beginnings.chain([(&host.own[layer], usize::MAX)]) {
            let part = Part {
                keys: &layer.keys,
                values: &layer.values,
                from: from.saturating_sub(start).min(length),
                to: to.saturating_sub(start).min(length),
            };
            if part.from < part.to {
                parts.push(part);
            }
            start = start.saturating_add(length);
        }
        parts
    }

    /// Adds the keys and values of a step to one layer, `(1, kv heads, step, head)` each; gives back all of them.
    pub(super) fn append_tensors(
        &mut self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let length = self.length;
        let Store::Device(device) = &mut self.store else {
            return Err(Error::failed("a cache of the processor's got tensors"));
        };
        device.append(layer, length, keys, values)
    }
}

fn rounded(positions: usize) -> usize {
    positions.div_ceil(GROWTH) * GROWTH
}

impl Device {
    fn copy(&self) -> Result<Self> {
        let copy = |kept: &Kept| -> Result<Kept> {
            Ok(Kept {
                keys: kept.keys.copy()?,
                values: kept.values.copy()?,
            })
        };
        let layers = self.layers.iter().map(|kept| kept.as_ref().map(copy).transpose());
        Ok(Self {
            layers: layers.collect::<Result<_>>()?,
            capacity: self.capacity,
        })
    }

    fn append(
        &mut self,
        layer: usize,
        length: usize,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor)> {
        let (_, heads, step, head) = keys.dims4()?;
        let end = length + step;
        let full = match &self.layers[layer] {
            None => true,
            Some(kept) => kept.keys.dim(2)? < end,
        };
        if full {
            self.capacity = self.capacity.max(rounded(end));
            let room = || Tensor::zeros((1, heads, self.capacity, head), keys.dtype(), keys.device());
            let grown = Kept {
                keys: room()?,
                values: room()?,
            };
            if let Some(old) = &self.layers[layer] {
                let kept = |t: &Tensor| t.narrow(2, 0, length)?.contiguous();
                grown.keys.slice_set(&kept(&old.keys)?, 2, 0)?;
                grown.values.slice_set(&kept(&old.values)?, 2, 0)?;
            }
            self.layers[layer] = Some(grown);
        }
        let Some(kept) = &self.layers[layer] else {
            return Err(Error::failed("a layer has no cache"));
        };
        kept.keys.slice_set(keys, 2, length)?;
        kept.values.slice_set(values, 2, length)?;
        Ok((kept.keys.narrow(2, 0, end)?, kept.values.narrow(2, 0, end)?))
    }
}
