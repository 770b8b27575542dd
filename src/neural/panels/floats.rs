//! Panels of single-precision numbers.

use std::ops::Range;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::screen::{Candidates, Screen};
use super::{COLUMNS, Kernel, Then, leading, product, store};
use crate::error::Result;
use crate::neural::instructions::Path;
use crate::neural::likeliest::{Chosen, Few, greedy, likeliest};

/// Sixteen outputs' weights for one input.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [f32; 16]);

/// Lines of a panel for one input.
pub(super) const LINES: usize = COLUMNS / 16;

/// A matrix of `(outputs, inputs)` in single precision.
pub(crate) struct Floats {
    lines: Vec<Line>,
    outputs: usize,
    inputs: usize,
    /// Made when it is first needed.
    screen: OnceLock<Option<Screen>>,
}

/// One panel, and the rows that it is multiplied with.
pub(super) struct Task<'a> {
    /// [`LINES`] for each input.
    pub(super) lines: &'a [Line],
    pub(super) inputs: usize,
}

impl Floats {
    /// `rows` gives `(range, inputs)` of the matrix; it is asked for a panel's rows at a time.
    ///
    /// # Errors
    /// Those of `rows`.
    pub(crate) fn new(
        outputs: usize,
        inputs: usize,
        mut rows: impl FnMut(Range<usize>) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let panels = outputs.div_ceil(COLUMNS);
        let mut lines = vec![Line([0.0; 16]); panels * inputs * LINES];
        for (panel, lines) in lines.chunks_exact_mut(inputs * LINES).enumerate() {
            let first = panel * COLUMNS;
            let weights = rows(first..outputs.min(first + COLUMNS))?;
            for (column, row) in weights.chunks_exact(inputs).enumerate() {
                for (lines, weight) in lines.chunks_exact_mut(LINES).zip(row) {
                    lines[column / 16].0[column % 16] = *weight;
                }
            }
        }
        Ok(Self {
            lines,
            outputs,
            inputs,
            screen: OnceLock::new(),
        })
    }

    /// Writes the weights of one output.
    pub(crate) fn row(&self, output: usize, row: &mut [f32]) {
        let (panel, column) = (output / COLUMNS, output % COLUMNS);
        let lines = self.lines[panel * self.inputs * LINES..].chunks_exact(LINES);
        for (weight, lines) in row.iter_mut().zip(lines) {
            *weight = lines[column / 16].0[column % 16];
        }
    }

    /// `(outputs, inputs)`.
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.outputs, self.inputs)
    }

    /// `x`: `(rows, inputs)`. Gives `(rows, outputs)`.
    pub(crate) fn apply(&self, x: &[f32], then: Then<'_>) -> Vec<f32> {
        self.apply_by(x, then, Path::best())
    }

    pub(super) fn apply_by(&self, x: &[f32], then: Then<'_>, path: Path) -> Vec<f32> {
        product(self, self.shape(), x, x.len() / self.inputs, then, path)
    }
}

/// Matrices with fewer weights are multiplied as fast as they could be asked about.
const WORTH_SCREENING: usize = 1 << 20;

impl Floats {
    /// For each row of `x` the output that [`likeliest`] takes from the product; where that pays, without computing all of
    /// it. How likely it is comes from what the screen gave for the others then.
    pub(crate) fn best(&self, x: &[f32], bias: Option<&[f32]>, banned: &[u32]) -> Vec<Option<Chosen>> {
        let path = Path::best();
        // only where bytes are multiplied several times as fast as floats
        let pays = matches!(path, Path::Avx2 | Path::Avx512) && self.outputs * self.inputs >= WORTH_SCREENING;
        let screen = || self.screen.get_or_init(|| Screen::new(self)).as_ref();
        match pays.then(screen).flatten() {
            Some(screen) => self.screened(screen, x, (bias, banned), path),
            None => self.best_by(x, (bias, banned), path),
        }
    }

    /// For each row of `x` the outputs that are wanted.
    pub(crate) fn leading(
        &self,
        x: &[f32],
        bias: Option<&[f32]>,
        wanted: Few<'_>,
    ) -> Vec<Option<Vec<Chosen>>> {
        self.leading_by(x, bias, wanted, Path::best())
    }

    pub(super) fn leading_by(
        &self,
        x: &[f32],
        bias: Option<&[f32]>,
        wanted: Few<'_>,
        path: Path,
    ) -> Vec<Option<Vec<Chosen>>> {
        leading(self, self.outputs, (x, x.len() / self.inputs), bias, wanted, path)
    }

    pub(super) fn best_by(
        &self,
        x: &[f32],
        (bias, banned): (Option<&[f32]>, &[u32]),
        path: Path,
    ) -> Vec<Option<Chosen>> {
        let mut y = self.apply_by(x, Then { bias, function: None }, path);
        likeliest(&mut y, self.outputs, banned)
    }

    pub(super) fn screened(
        &self,
        screen: &Screen,
        x: &[f32],
        (bias, banned): (Option<&[f32]>, &[u32]),
        path: Path,
    ) -> Vec<Option<Chosen>> {
        let candidates = screen.candidates(x, bias, banned, path);
        let rows = x.par_chunks_exact(self.inputs).zip(candidates);
        let each = rows.map(|(x, candidates)| match candidates {
            Some(Candidates { outputs, normal }) => {
                let exact = |(output, _): &(usize, f32)| {
                    let y = self.single(x, *output, path);
                    bias.map_or(y, |bias| y + bias[*output])
                };
                let exact: Vec<f32> = outputs.iter().map(exact).collect();
                let place = greedy(&exact)? as usize;
                let asked = outputs.iter().map(|(_, y)| *y);
                Some(Chosen {
                    token: outputs[place].0 as u32,
                    log: normal
                        .corrected(asked.zip(exact.iter().copied()))
                        .log(exact[place]),
                })
            }
            None => self.best_by(x, (bias, banned), path).first().copied().flatten(),
        });
        each.collect()
    }

    /// One output of one row, to the bit what the path's product gives.
    pub(super) fn single(&self, x: &[f32], output: usize, path: Path) -> f32 {
        let (panel, column) = (output / COLUMNS, output % COLUMNS);
        let lines = &self.lines[panel * self.inputs * LINES..][..self.inputs * LINES];
        match path {
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 | Path::Avx512 => super::x86::single(lines, column, x),
            _ => {
                let weights = lines
                    .chunks_exact(LINES)
                    .map(|lines| lines[column / 16].0[column % 16]);
                x.iter()
                    .zip(weights)
                    .fold(0.0, |sum, (x, weight)| sum + x * weight)
            }
        }
    }
}

impl Kernel for Floats {
    type Rows = [f32];

    fn panel(&self, panel: usize, x: &[f32], y: &mut [&mut [f32]], at: usize, path: Path) {
        let task = Task {
            lines: &self.lines[panel * self.inputs * LINES..][..self.inputs * LINES],
            inputs: self.inputs,
        };
        match path {
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => super::x86::floats_256(&task, x, y, at),
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => super::x86::floats_512(&task, x, y, at),
            _ => portable(&task, x, y, at),
        }
    }
}

/// Rows that share a stretch of the panel.
const TOGETHER: usize = 4;

/// The sums as they are written down; compilers make vectors of them on every processor.
fn portable(task: &Task, x: &[f32], y: &mut [&mut [f32]], at: usize) {
    for (block, x) in x.chunks(TOGETHER * task.inputs).enumerate() {
        let row = block * TOGETHER;
        match x.len() / task.inputs {
            4 => rows::<4>(task, x, row, y, at),
            3 => rows::<3>(task, x, row, y, at),
            2 => rows::<2>(task, x, row, y, at),
            _ => rows::<1>(task, x, row, y, at),
        }
    }
}

fn rows<const ROWS: usize>(task: &Task, x: &[f32], row: usize, y: &mut [&mut [f32]], at: usize) {
    let mut sums = [[0f32; COLUMNS]; ROWS];
    for (input, lines) in task.lines.chunks_exact(LINES).enumerate() {
        for (r, sums) in sums.iter_mut().enumerate() {
            let value = x[r * task.inputs + input];
            for (sums, line) in sums.as_chunks_mut::<16>().0.iter_mut().zip(lines) {
                for (sum, weight) in sums.iter_mut().zip(&line.0) {
                    *sum += value * weight;
                }
            }
        }
    }
    store(&sums, row, y, at);
}
