//! What a batch has read and written.
//!
//! Each row writes in a lane of the caches. Rows that go on from rows of the same source mostly stay in their lanes: what
//! moves is which row writes in which lane, and only what is doubled is copied. When rows are added or end, the lanes
//! are laid out anew, sorted by source, so that all rows of a source share one product with its keys.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};

use super::config::{Config, Side};
use crate::error::{Error, Result};

/// Positions that a cache begins with; it doubles when it is full.
const ROOM: usize = 16;

/// The keys and values of one decoder layer's own past, `(lanes, heads, capacity, head)`.
struct Kept {
    keys: Tensor,
    values: Tensor,
}

impl Kept {
    fn new(side: &Side, lanes: usize, capacity: usize, like: (DType, &Device)) -> Result<Self> {
        let room = || Tensor::zeros((lanes, side.heads, capacity, side.head_dim), like.0, like.1);
        Ok(Self {
            keys: room()?,
            values: room()?,
        })
    }

    /// Copies `length` positions of a lane of `from` to a lane of its own.
    fn take(&self, to: usize, from: &Self, lane: usize, length: usize) -> Result<()> {
        for (ours, theirs) in [(&self.keys, &from.keys), (&self.values, &from.values)] {
            let past = theirs.narrow(0, lane, 1)?.narrow(2, 0, length)?;
            // The same tensor may be both, and a tensor is not written while it is read.
            ours.narrow(0, to, 1)?
                .slice_set(&past.force_contiguous()?, 2, 0)?;
        }
        Ok(())
    }
}

/// Rows by their lanes.
pub(super) struct Lanes {
    /// The lane of each row.
    pub(super) of_rows: Vec<usize>,
    /// The source of each lane, counted among those that have rows.
    pub(super) sources: Vec<usize>,
}

/// A copy from lane to lane.
type Copied = (usize, usize);

/// The rows of each source beside each other, as many cells for each as the source with the most rows has.
pub(super) struct Grid {
    pub(super) sources: usize,
    /// Where the sources have different numbers of rows: the lane of each cell, and the cell of each lane.
    pub(super) uneven: Option<(Tensor, Tensor)>,
}

/// What a batch has read and written: the encoder's output, masks, caches.
pub struct State {
    /// `(sources × longest, hidden)`, in the order of the call.
    pub(super) hidden: Tensor,
    /// The length of each source.
    pub(super) lengths: Vec<usize>,
    /// Of each decoder layer, over the sources that have rows: keys and values, `(sources, heads, longest, head)`.
    pub(super) cross: Vec<(Tensor, Tensor)>,
    /// The length of each source that has rows.
    pub(super) seen: Vec<usize>,
    /// `(sources, 1, 1, longest)`: minus infinity on padding; none where there is none.
    pub(super) mask: Option<Tensor>,
    pub(super) attend: bool,
    pub(super) lanes: Lanes,
    pub(super) grid: Grid,
    kept: Vec<Kept>,
    capacity: usize,
    /// Tokens that each row has read.
    pub(super) length: usize,
    side: Side,
}

impl State {
    /// One row a source, nothing written.
    pub(super) fn new(
        config: &Config,
        hidden: Tensor,
        lengths: Vec<usize>,
        cross: Vec<(Tensor, Tensor)>,
        mask: Option<Tensor>,
        attend: bool,
    ) -> Self {
        let sources = lengths.len();
        Self {
            hidden,
            seen: lengths.clone(),
            lengths,
            cross,
            mask,
            attend,
            lanes: Lanes {
                of_rows: (0..sources).collect(),
                sources: (0..sources).collect(),
            },
            grid: Grid {
                sources,
                uneven: None,
            },
            kept: Vec::new(),
            capacity: 0,
            length: 0,
            side: config.decoder.clone(),
        }
    }

    /// The longest source of the batch, in tokens.
    pub(super) fn longest(&self) -> usize {
        self.lengths.iter().copied().max().unwrap_or(0)
    }

    /// Lets row `i` go on from row `parents[i]`.
    pub(super) fn follow(&mut self, parents: &[usize]) -> Result<()> {
        let rows = self.lanes.of_rows.len();
        if let Some(parent) = parents.iter().find(|p| **p >= rows) {
            return Err(Error::failed(format!(
                "row {parent} does not exist: there are {rows}"
            )));
        }
        if parents.len() == rows && parents.iter().enumerate().all(|(row, parent)| row == *parent) {
            return Ok(());
        }
        let wanted: Vec<usize> = parents.iter().map(|p| self.lanes.of_rows[*p]).collect();
        match self.lanes.settle(&wanted) {
            Some((of_rows, copies)) => {
                for (from, to) in copies {
                    for kept in &self.kept {
                        kept.take(to, kept, from, self.length)?;
                    }
                }
                self.lanes.of_rows = of_rows;
                Ok(())
            }
            None => self.lay_out(&wanted),
        }
    }

    /// New lanes, sorted by source; row `i` takes the past of the old lane `wanted[i]`.
    fn lay_out(&mut self, wanted: &[usize]) -> Result<()> {
        let source = |row: usize| self.lanes.sources[wanted[row]];
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by_key(|row| source(*row));
        let mut live: Vec<usize> = order.iter().map(|row| source(*row)).collect();
        let sorted = live.clone();
        live.dedup();

        if self.length == 0 {
            self.kept.clear();
            self.capacity = 0;
        } else {
            let mut kept = Vec::with_capacity(self.kept.len());
            for old in &self.kept {
                let like = (old.keys.dtype(), old.keys.device());
                let new = Kept::new(&self.side, order.len(), self.capacity, like)?;
                for (lane, row) in order.iter().enumerate() {
                    new.take(lane, old, wanted[*row], self.length)?;
                }
                kept.push(new);
            }
            self.kept = kept;
        }
        if live.len() < self.grid.sources {
            self.drop_sources(&live)?;
        }
        let mut of_rows = vec![0; order.len()];
        for (lane, row) in order.iter().enumerate() {
            of_rows[*row] = lane;
        }
        let place: HashMap<usize, usize> = live.iter().enumerate().map(|(i, s)| (*s, i)).collect();
        self.lanes = Lanes {
            of_rows,
            sources: sorted.iter().map(|s| place[s]).collect(),
        };
        self.grid = Grid::new(&self.lanes.sources, live.len(), self.hidden.device())?;
        Ok(())
    }

    fn drop_sources(&mut self, live: &[usize]) -> Result<()> {
        let ids: Vec<u32> = live.iter().map(|s| *s as u32).collect();
        let ids = Tensor::from_vec(ids, live.len(), self.hidden.device())?;
        for (keys, values) in &mut self.cross {
            *keys = keys.index_select(&ids, 0)?;
            *values = values.index_select(&ids, 0)?;
        }
        self.seen = live.iter().map(|source| self.seen[*source]).collect();
        if let Some(mask) = &mut self.mask {
            *mask = mask.index_select(&ids, 0)?;
        }
        Ok(())
    }

    /// Room for one more position in every layer.
    pub(super) fn make_room(&mut self, like: (DType, &Device)) -> Result<()> {
        if self.length < self.capacity && !self.kept.is_empty() {
            return Ok(());
        }
        let lanes = self.lanes.sources.len();
        let capacity = (self.capacity * 2).max(ROOM);
        let layers = self.cross.len();
        let mut kept = Vec::with_capacity(layers);
        for layer in 0..layers {
            let grown = Kept::new(&self.side, lanes, capacity, like)?;
            if let Some(old) = self.kept.get(layer) {
                grown.keys.slice_set(&old.keys, 2, 0)?;
                grown.values.slice_set(&old.values, 2, 0)?;
            }
            kept.push(grown);
        }
        self.kept = kept;
        self.capacity = capacity;
        Ok(())
    }

    /// Lanes in the order of their rows.
    pub(super) fn in_rows(&self, x: Tensor) -> Result<Tensor> {
        let lanes = &self.lanes.of_rows;
        if lanes.iter().enumerate().all(|(row, lane)| row == *lane) {
            return Ok(x);
        }
        let ids: Vec<u32> = lanes.iter().map(|lane| *lane as u32).collect();
        let ids = Tensor::from_vec(ids, lanes.len(), x.device())?;
        Ok(x.index_select(&ids, 0)?)
    }

    /// Adds the keys and values of one position, `(lanes, heads, 1, head)`; gives back all up to it.
    pub(super) fn append(&self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<(Tensor, Tensor)> {
        let kept = &self.kept[layer];
        kept.keys.slice_set(keys, 2, self.length)?;
        kept.values.slice_set(values, 2, self.length)?;
        let end = self.length + 1;
        Ok((kept.keys.narrow(2, 0, end)?, kept.values.narrow(2, 0, end)?))
    }
}

impl Lanes {
    /// Lanes for rows that want the past of the lanes `wanted`, and what must be copied for it, from lane to lane. None
    /// where a source has more or fewer rows than before.
    fn settle(&self, wanted: &[usize]) -> Option<(Vec<usize>, Vec<Copied>)> {
        if wanted.len() != self.sources.len() {
            return None;
        }
        let mut taken = vec![false; self.sources.len()];
        let mut of_rows: Vec<Option<usize>> = wanted
            .iter()
            .map(|lane| (!std::mem::replace(&mut taken[*lane], true)).then_some(*lane))
            .collect();
        let mut copies = Vec::new();
        for (row, lane) in of_rows.iter_mut().enumerate() {
            if lane.is_none() {
                let source = self.sources[wanted[row]];
                let free = (0..taken.len()).find(|l| !taken[*l] && self.sources[*l] == source)?;
                taken[free] = true;
                copies.push((wanted[row], free));
                *lane = Some(free);
            }
        }
        Some((of_rows.into_iter().flatten().collect(), copies))
    }
}

impl Grid {
    /// Of lanes that are sorted by source.
    fn new(lanes: &[usize], sources: usize, device: &Device) -> Result<Self> {
        let mut counts = vec![0usize; sources];
        let mut columns = Vec::with_capacity(lanes.len());
        for source in lanes {
            columns.push(counts[*source]);
            counts[*source] += 1;
        }
        let width = counts.iter().copied().max().unwrap_or(0);
        if counts.iter().all(|count| *count == width) {
            return Ok(Self {
                sources,
                uneven: None,
            });
        }
        // A cell without a lane repeats the first lane of its source; nobody reads what it gives.
        let mut lane_of = vec![0u32; sources * width];
        let mut cell_of = vec![0u32; lanes.len()];
        for (lane, source) in lanes.iter().enumerate().rev() {
            let first = source * width;
            if columns[lane] == 0 {
                for cell in &mut lane_of[first + counts[*source]..first + width] {
                    *cell = lane as u32;
                }
            }
            lane_of[first + columns[lane]] = lane as u32;
            cell_of[lane] = (first + columns[lane]) as u32;
        }
        let tensor = |ids: Vec<u32>| {
            let length = ids.len();
            Tensor::from_vec(ids, length, device)
        };
        Ok(Self {
            sources,
            uneven: Some((tensor(lane_of)?, tensor(cell_of)?)),
        })
    }
}
