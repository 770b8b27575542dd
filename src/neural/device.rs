//! Where to compute.

use crate::error::{Error, Result};

/// What the user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The best that this build and machine have.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A CUDA device by its number.
    Cuda(usize),
    /// Apple's GPU.
    Metal,
}

impl std::str::FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let lower = s.to_lowercase();
        match (
            lower.as_str(),
            lower.strip_prefix("cuda:").and_then(|n| n.parse().ok()),
        ) {
            ("auto", _) => Ok(Self::Auto),
            ("cpu", _) => Ok(Self::Cpu),
            ("cuda", _) => Ok(Self::Cuda(0)),
            ("metal", _) => Ok(Self::Metal),
            (_, Some(n)) => Ok(Self::Cuda(n)),
            _ => Err(Error::usage(format!("--device {s}: no such device"))
                .with_hint("auto, cpu, cuda, cuda:N or metal")),
        }
    }
}
