//! Beginnings of prompts that were read before.

use std::collections::VecDeque;

use super::causal::{CausalLm, State};
use super::{ROWS, same_beginning};
use crate::error::Result;
use crate::progress::checkpoint;

/// Beginnings that are kept: a summary's and a translation's take turns.
const KEPT: usize = 2;

struct Beginning {
    ids: Vec<u32>,
    state: State,
}

/// The beginnings that were used last, the latest at the end.
#[derive(Default)]
pub(super) struct Kept(VecDeque<Beginning>);

impl Kept {
    /// The state of a sequence that has read `ids[..keep]` or more of `ids`; the first `keep` are kept for the next who
    /// begins with them. With it, how much of it had been read before.
    pub(super) fn beginning(
        &mut self,
        model: &dyn CausalLm,
        ids: &[u32],
        keep: usize,
    ) -> Result<(State, usize)> {
        let known = |kept: &Beginning| same_beginning(&kept.ids, ids);
        let best = (0..self.0.len()).max_by_key(|at| known(&self.0[*at]));
        let Some(found) = best
            .filter(|at| known(&self.0[*at]) > 0)
            .and_then(|at| self.0.remove(at))
        else {
            return self.read(model, ids, keep, model.start());
        };
        let same = known(&found);
        let mut state = found.state.fork()?;
        state.truncate(same);
        // what is a beginning of the new one need not be kept beside it
        let outgrown = same == found.ids.len() && same < keep;
        if !outgrown {
            self.0.push_back(found);
        }
        self.read(model, ids, keep, state)
    }

    fn read(
        &mut self,
        model: &dyn CausalLm,
        ids: &[u32],
        keep: usize,
        mut state: State,
    ) -> Result<(State, usize)> {
        let read = state.len();
        if read >= keep {
            return Ok((state, read));
        }
        state.reserve(keep - read);
        for chunk in ids[read..keep].chunks(ROWS) {
            checkpoint()?;
            model.read(chunk, &mut state)?;
        }
        state.share();
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Beginning {
            ids: ids[..keep].to_vec(),
            state: state.fork()?,
        });
        Ok((state, read))
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
