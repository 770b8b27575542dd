//! Sixteen outputs side by side, as the products read them, whatever blocks they come from.

/// Outputs of a tile.
pub(super) const OUTPUTS: usize = 16;
/// Inputs of a tile at the most.
pub(super) const INPUTS: usize = 256;

/// A number for each output of a tile; four bytes, two halves or one whole, as its place says.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub(super) [u32; OUTPUTS]);

// Loops, not `array::map`: its inner functions are compiled without the instructions of a path, and would not be inlined.
impl Lanes {
    pub(super) const ZERO: Self = Self([0; OUTPUTS]);

    #[inline(always)]
    pub(super) fn map(mut self, each: impl Fn(u32) -> u32) -> Self {
        for lane in &mut self.0 {
            *lane = each(*lane);
        }
        self
    }

    #[inline(always)]
    pub(super) fn with(mut self, other: Self, each: impl Fn(u32, u32) -> u32) -> Self {
        for (lane, other) in self.0.iter_mut().zip(other.0) {
            *lane = each(*lane, other);
        }
        self
    }

    /// One number of each block.
    #[inline(always)]
    pub(super) fn of<T>(blocks: &[&T; OUTPUTS], each: impl Fn(&T) -> u32) -> Self {
        let mut lanes = Self::ZERO;
        for (lane, block) in lanes.0.iter_mut().zip(blocks) {
            *lane = each(block);
        }
        lanes
    }

    /// Half-precision numbers in the lower halves, in single precision.
    #[inline(always)]
    pub(super) fn halves(self) -> [f32; OUTPUTS] {
        let mut floats = [0.0; OUTPUTS];
        for (float, half) in floats.iter_mut().zip(self.0) {
            *float = single(half & 0xffff);
        }
        floats
    }
}

/// A half-precision number in single precision, exactly, without a branch.
#[inline(always)]
pub(super) fn single(half: u32) -> f32 {
    // Moved to single precision's place the exponent is 112 too small; a factor mends that for subnormal numbers too.
    let size = f32::from_bits((half & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    // Infinities and what is no number keep all bits of the exponent.
    let endless = if half & 0x7c00 == 0x7c00 { 0x7f80_0000 } else { 0 };
    f32::from_bits(size.to_bits() | endless | (half & 0x8000) << 16)
}

/// Weights of sixteen outputs for 256 inputs or less, and what they are multiplied by.
#[repr(C, align(64))]
pub(super) struct Tile {
    /// Unsigned weights, four inputs of each output a line.
    pub(super) lines: [Lanes; INPUTS / 4],
    /// Whole factors of each 16 or 32 inputs.
    pub(super) scales: [Lanes; INPUTS / 16],
    /// What is taken off, times the sum of the activations, for each 16 inputs; two of them (16 bits each) a number.
    pub(super) floors: [Lanes; INPUTS / 32],
    /// One factor for each 32 inputs, or one for all (the first).
    pub(super) factors: [[f32; OUTPUTS]; INPUTS / 32],
    /// What the floors are multiplied by, or what is added times the sum of the activations of 32 inputs.
    pub(super) bases: [[f32; OUTPUTS]; INPUTS / 32],
}

impl Tile {
    pub(super) const EMPTY: Self = Self {
        lines: [Lanes::ZERO; INPUTS / 4],
        scales: [Lanes::ZERO; INPUTS / 16],
        floors: [Lanes::ZERO; INPUTS / 32],
        factors: [[0.0; OUTPUTS]; INPUTS / 32],
        bases: [[0.0; OUTPUTS]; INPUTS / 32],
    };
}
