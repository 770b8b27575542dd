//! byline: articles in, short versions and translations out, with every "who said it" intact.
//!
//! ```text
//! bytes ─article→ Article ─segment→ Document ─attribution→ Claims ─summarise→ Summary ─translate→ Translation
//!                                                              └──────────── align → Ledger ─check→ Findings ─render→ output
//! ```
//!
//! The ledger holds a summary against its article as it holds a translation against its source.
//!
//! One direction only: `text`, `neural` and `registry` know nothing above them, and each stage knows only the
//! stages before it. `pipeline` is the one file that knows them all.

pub mod align;
pub mod article;
pub mod attribution;
pub mod batch;
pub mod bitext;
pub mod check;
pub mod cli;
pub mod error;
pub mod finding;
pub mod neural;
pub mod pipeline;
pub mod progress;
pub mod registry;
pub mod render;
pub mod structure;
pub mod summarise;
pub mod text;
pub mod translate;
pub mod update;
